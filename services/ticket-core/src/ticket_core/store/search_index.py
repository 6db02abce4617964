"""Keeps `case_search`: one document for each case, made of its timeline and of what is known of its participant.

It is written behind the timeline, not by the write path: it follows the stamps as `stream` does, and so misses
nothing. What it holds can be thrown away and made again at any time.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.database import is_outage
from kawal.database.outages import is_statement_timeout
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.store.comparing import SLOW_ATTEMPTS, another
from ticket_core.store.marks import MARKS_SQL
from ticket_core.store.stamps import SETTLED
from ticket_core.store.store import utc_now

AT_ONCE = 20_000
"""So many entries are read together; a case among them is indexed once."""
WRITTEN_AT_ONCE = 100
"""So many documents in one transaction: while it runs, the stream of live screens waits for it (see `stream`)."""
REBUILT_AT_ONCE = 2_000
MOST_TEXTS = 1_000
MOST_CHARACTERS = 40_000
"""Of the latest texts of a case. A tsvector holds at most a megabyte, and a letter can take 16 bytes of it: four by
itself, twice in a word with a hyphen, which is kept whole and in parts, and that in two languages."""
_BEGINNING = {"stamp": 0, "case_id": str(UUID(int=0)), "seq": 0}
_LOCK = 0x6B617761_73726368

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:lock)")
_UNLOCK = text("SELECT pg_advisory_unlock(:lock)")
_LOCK_IT = text("SELECT pg_advisory_xact_lock(:lock)")
_PLACE = text("SELECT stamp, case_id::text, seq FROM core.search_place")
_NEXT = text(f"""
    SELECT stamp, case_id::text, seq, at FROM core.timeline
    WHERE (stamp, case_id, seq) > (:stamp, CAST(:case_id AS uuid), :seq) AND stamp < {SETTLED}
    ORDER BY stamp, case_id, seq LIMIT :limit
""")  # noqa: S608 nothing but our own constant
_MOVE = text("""
    INSERT INTO core.search_place (stamp, case_id, seq) VALUES (:stamp, CAST(:case_id AS uuid), :seq)
    ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, case_id = excluded.case_id, seq = excluded.seq
""")
# The sort makes all documents before the first is written: only from then on does this transaction hold up others.
_WRITE = text(f"""
    INSERT INTO core.case_search (case_id, who, words)
    SELECT case_id, who, words FROM (
        SELECT cases.id AS case_id, lower(public.unaccent(person.who)) AS who,
               to_tsvector('core.indonesian', said.text) || to_tsvector('core.english', said.text)
                   || array_to_tsvector(ARRAY[{MARKS_SQL}]) AS words
        FROM core.cases
        CROSS JOIN LATERAL (
            SELECT participants.name, concat_ws(' ', participants.name, (
                SELECT string_agg(value, ' ' ORDER BY value) FROM (
                    SELECT value FROM core.identities
                    WHERE identities.participant_id = participants.id AND kind <> 'conversation'
                    UNION
                    SELECT value FROM core.claims JOIN core.identities USING (key)
                    WHERE claims.participant_id = participants.id AND kind <> 'conversation'
                ) AS known
            )) AS who
            FROM core.participants WHERE participants.id = cases.participant_id
        ) AS person
        CROSS JOIN LATERAL (
            SELECT left(concat_ws(E'\\n', cases.subject, person.name, string_agg(text, E'\\n' ORDER BY seq DESC)),
                        {MOST_CHARACTERS}) AS text
            FROM (
                SELECT seq, text FROM core.timeline WHERE timeline.case_id = cases.id AND text <> ''
                ORDER BY seq DESC LIMIT {MOST_TEXTS}
            ) AS latest
        ) AS said
        WHERE cases.id = ANY(CAST(:ids AS uuid[]))
        OFFSET 0
    ) AS made
    ORDER BY who, case_id
    ON CONFLICT (case_id) DO UPDATE SET who = excluded.who, words = excluded.words
    WHERE case_search.who <> excluded.who OR case_search.words <> excluded.words
""")  # noqa: S608 nothing but our own constants
# A name that was given in one case is the name in all cases of its participant.
_OTHERS = text("""
    UPDATE core.case_search AS kept SET who = fresh.who
    FROM (
        SELECT DISTINCT ON (other.id) other.id, made.who
        FROM core.cases AS touched
        JOIN core.case_search AS made ON made.case_id = touched.id
        JOIN core.cases AS other ON other.participant_id = touched.participant_id
        WHERE touched.id = ANY(CAST(:ids AS uuid[]))
        ORDER BY other.id
    ) AS fresh
    WHERE kept.case_id = fresh.id AND kept.who <> fresh.who
""")
_STALE = text("SELECT id, participant_id::text FROM core.search_stale ORDER BY id LIMIT :limit")
_NOT_STALE = text("DELETE FROM core.search_stale WHERE id = ANY(:ids)")
_CASES_OF = text("""
    SELECT id::text FROM core.cases WHERE participant_id = ANY(CAST(:participants AS uuid[])) ORDER BY id
""")
_CASES = text("SELECT id::text FROM core.cases WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT :limit")
_OF_THE_DATA = ("22", "54")
"""Classes of SQLSTATE: a value that cannot be worked with, a limit of the program.

https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

log = get_logger()


class SearchIndex:
    """Any number of replicas may call `advance`: one works, the others find nothing to do."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def advance(self, *, limit: int = AT_ONCE) -> int:
        """Index the cases of the next entries, up to `limit`; returns how many entries these are."""
        async with self._alone() as connection:
            if connection is None:
                return 0
            await self._take_up_people(connection)
            place = (await connection.execute(_PLACE)).one_or_none()
            found = (
                await connection.execute(_NEXT, {**(place._asdict() if place else _BEGINNING), "limit": limit})
            ).all()
            if not found:
                return 0
            self._tell_lag(found[0].at)
            await self._index(sorted({row.case_id for row in found}))
            stamp, case_id, seq, _ = found[-1]
            await connection.execute(_MOVE, {"stamp": stamp, "case_id": case_id, "seq": seq})
        return len(found)

    async def _take_up_people(self, connection: AsyncConnection) -> None:
        """Index all cases of those of whom something is new. Who is named again meanwhile has another row."""
        while found := (await connection.execute(_STALE, {"limit": REBUILT_AT_ONCE})).all():
            people = {"participants": sorted({row.participant_id for row in found})}
            await self._index(list(await connection.scalars(_CASES_OF, people)))
            await connection.execute(_NOT_STALE, {"ids": [row.id for row in found]})

    def _tell_lag(self, first_at: datetime) -> None:
        """Before they are indexed: what cannot be done stays behind, and says so."""
        metrics.SEARCH_LAG_SECONDS.set(max((self._clock() - first_at).total_seconds(), 0.0))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection | None]:
        """A connection that nobody else has meanwhile, in no transaction; `None` if somebody has it."""
        async with self._engine.connect() as pooled:
            connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
            if not (await connection.execute(_TRY_LOCK, {"lock": _LOCK})).scalar_one():
                yield None
                return
            try:
                yield connection
            finally:
                if not connection.invalidated:  # else it is gone, and the lock with it
                    await connection.execute(_UNLOCK, {"lock": _LOCK})

    async def _index(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), WRITTEN_AT_ONCE):
            await self._write(ids[first : first + WRITTEN_AT_ONCE], _WRITE, _OTHERS)

    async def _write(self, ids: Sequence[str], *statements: TextClause) -> None:
        """Write the documents of these cases, in one transaction; but one that cannot be written is left out."""
        try:
            await self._transact(ids, statements)
        except DBAPIError as error:
            if is_outage(error) and not is_statement_timeout(error):
                raise
            for one in ids:
                await self._write_alone(one, statements)

    async def _transact(self, ids: Sequence[str], statements: Sequence[TextClause]) -> None:
        async with self._engine.begin() as connection:
            for statement in statements:
                await connection.execute(statement, {"ids": ids})

    async def _write_alone(self, case_id: str, statements: Sequence[TextClause]) -> None:
        """Write one document, or leave it out: when it is refused, or took too long each time while another did not."""
        for left in reversed(range(SLOW_ATTEMPTS)):
            try:
                await self._transact([case_id], statements)
            except DBAPIError as error:
                if not is_statement_timeout(error):
                    _leave_out(case_id, error)
                    return
                await self._write_another(case_id, statements)
                if not left:
                    _note_left_out(case_id, error)
            else:
                return

    async def _write_another(self, case_id: str, statements: Sequence[TextClause]) -> None:
        """Write the document of any other case, to see whether it is the database that is slow.

        Raises:
            DBAPIError: it is.
            OnlyOne: there is no other.
        """
        async with self._engine.connect() as connection:
            other = await another(connection, case_id)
        await self._transact([other], statements)

    async def catch_up(self) -> None:
        """Index all that is settled by now."""
        while await self.advance():
            pass

    async def rebuild(self) -> int:
        """Make the documents of all cases again; returns how many cases there are.

        What is written meanwhile is indexed too: the place is moved to where the stream was at the beginning.
        """
        async with self._engine.begin() as connection:
            began = (await connection.execute(text(f"SELECT {SETTLED} - 1"))).scalar_one()
        after, count = str(UUID(int=0)), 0
        while True:
            async with self._engine.begin() as connection:
                await connection.execute(_LOCK_IT, {"lock": _LOCK})
                ids = list((await connection.execute(_CASES, {"after": after, "limit": REBUILT_AT_ONCE})).scalars())
                if not ids:
                    await connection.execute(_MOVE, {"stamp": began, "case_id": str(UUID(int=2**128 - 1)), "seq": 0})
                    return count
                await self._write(ids, _WRITE)
            after, count = ids[-1], count + len(ids)


def _leave_out(case_id: str, error: DBAPIError) -> None:
    """Raises `error`, if the case has no part in it."""
    if not getattr(error.orig, "sqlstate", "").startswith(_OF_THE_DATA):
        raise error
    _note_left_out(case_id, error)


def _note_left_out(case_id: str, error: DBAPIError) -> None:
    metrics.SEARCH_SKIPPED.inc()
    log.error("case_not_indexed", case_id=case_id, error=error)
