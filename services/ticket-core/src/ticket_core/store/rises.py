"""What is usual, and what is above it: the tables of `ticket_core.rising`, and the suggestions that agents see."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import IncidentSuggestionNotFound, SuggestionDecided
from ticket_core.domain.rates import TopicHour
from ticket_core.domain.rises import Rise
from ticket_core.store.reading import Reading
from ticket_core.store.store import new_id

MOST_READ = 20_000
"""Cases of one hour: more than four times what the programme has in its busiest."""
ALL = "*"
"""The row of `topic_hours` that says that the hour was counted, whether or not anybody came."""

# Along `cases_opened_idx`. Who claims the same address is the same person as far as counting goes: else whoever opens
# fifty anonymous chats would be fifty people.
_OPENED = text("""
    SELECT cases.id::text, topic, opened_at, left(gist, 1000) AS gist,
           coalesce(encode((SELECT key FROM core.claims WHERE claims.participant_id = cases.participant_id
                            ORDER BY key LIMIT 1), 'hex'), cases.participant_id::text) AS person
    FROM core.cases WHERE opened_at >= :since AND opened_at < :until ORDER BY opened_at DESC LIMIT :most
""")
_HOURS = text(
    "SELECT topic, hour, people FROM core.topic_hours WHERE hour >= :since AND hour < :until ORDER BY hour, topic"
)
_LAST_HOUR = text("SELECT max(hour) FROM core.topic_hours")
_FIRST_CASE = text("SELECT min(opened_at) FROM core.cases WHERE opened_at >= :since")
_COUNTED = text("""
    INSERT INTO core.topic_hours (hour, topic, people)
    SELECT :hour, topic, people FROM unnest(CAST(:topics AS text[]), CAST(:people AS integer[])) AS rows (topic, people)
    ON CONFLICT DO NOTHING
""")
_FORGET_HOURS = text("DELETE FROM core.topic_hours WHERE hour < :before")
_GOING_ON = text("SELECT topic, since FROM core.topic_rises WHERE over_at IS NULL")
# An open incident about the topic has the rise already, so nobody is asked about it.
_RISEN = text("""
    INSERT INTO core.topic_rises AS known
        (id, topic, state, incident_id, since, found_at, seen_at, people, per_hour, usual_per_hour, words)
    SELECT CAST(:id AS uuid), :topic, CASE WHEN incident.id IS NULL THEN 'open' ELSE 'accepted' END, incident.id,
           :since, :now, :now, :people, :per_hour, :usual, CAST(:words AS text[])
    FROM (SELECT) AS one LEFT JOIN LATERAL (
        SELECT id FROM core.incidents WHERE state = 'open' AND topic = :topic ORDER BY created_at DESC LIMIT 1
    ) AS incident ON true
    ON CONFLICT (topic) WHERE over_at IS NULL DO UPDATE SET
        seen_at = excluded.seen_at, since = least(known.since, excluded.since),
        people = greatest(known.people, excluded.people), per_hour = excluded.per_hour,
        usual_per_hour = excluded.usual_per_hour, words = excluded.words
    RETURNING id::text
""")
_RISE_CASES = text("""
    INSERT INTO core.topic_rise_cases (rise_id, case_id)
    SELECT CAST(:rise AS uuid), id FROM unnest(CAST(:cases AS uuid[])) AS joined (id) ON CONFLICT DO NOTHING
""")
_OVER = text("UPDATE core.topic_rises SET over_at = :now WHERE topic = ANY(:topics) AND over_at IS NULL")
_SUGGESTED = text("""
    SELECT rise.id::text, nullif(topic, '') AS topic, since, found_at, seen_at, over_at, people, per_hour,
           usual_per_hour, words, (SELECT count(*) FROM core.topic_rise_cases WHERE rise_id = rise.id) AS cases
    FROM core.topic_rises AS rise WHERE state = 'open' ORDER BY found_at DESC, id LIMIT :most
""")
_EXAMPLES = text("""
    SELECT rise.id::text, cases.number, cases.subject FROM unnest(CAST(:ids AS uuid[])) AS rise (id)
    CROSS JOIN LATERAL (
        SELECT number, subject FROM core.topic_rise_cases AS joined JOIN core.cases ON cases.id = joined.case_id
        WHERE rise_id = rise.id ORDER BY cases.id DESC LIMIT :most
    ) AS cases
""")
_LOCK = text("SELECT state FROM core.topic_rises WHERE id = CAST(:id AS uuid) FOR UPDATE")
_DISMISS = text("UPDATE core.topic_rises SET state = 'dismissed', decided_by = :by WHERE id = CAST(:id AS uuid)")
_EXPIRE = text(
    "UPDATE core.topic_rises SET state = 'dismissed', decided_by = 'expired' WHERE state = 'open' AND over_at < :before"
)
_COUNTS = text("""
    SELECT (SELECT count(*) FROM core.incidents WHERE state = 'open'),
           (SELECT count(*) FROM core.topic_rises WHERE state = 'open')
""")
MOST_SUGGESTED = 50
MOST_EXAMPLES = 3
EXPIRES = timedelta(days=1)
"""A suggestion that nobody has decided a day after its rise was over is of no use any more."""


class Opened(NamedTuple):
    """A case, and by whom as far as counting goes; `gist` is what is said of it, see `fingerprint`."""

    case_id: str
    topic: str | None
    at: datetime
    gist: str
    person: str


@dataclass(frozen=True, slots=True)
class SuggestionOfIncident:
    """`topic` is above its usual: `per_hour` now, `people` since `since`. `over_at` is set once few come again.

    `words` are in most of its `cases`. Without a topic, the words are what they have in common.
    """

    id: str
    topic: str | None
    since: datetime
    found_at: datetime
    seen_at: datetime
    over_at: datetime | None
    people: int
    per_hour: float
    usual_per_hour: float
    words: list[str]
    cases: int


@dataclass(frozen=True, slots=True)
class SuggestionList:
    items: list[SuggestionOfIncident]


class Example(NamedTuple):
    """One of the cases that a suggestion was made of."""

    number: str
    subject: str


class Found(NamedTuple):
    """A rise of a topic, which may be empty, with its cases and their words."""

    topic: str
    rise: Rise
    words: tuple[str, ...]
    case_ids: tuple[str, ...]


class Rises:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = Reading(engine)

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        """The cases that were opened in a time, the latest `MOST_READ`."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_OPENED, {"since": since, "until": until, "most": MOST_READ})
            return [Opened(*row) for row in found]

    async def hours(self, since: datetime, until: datetime) -> list[TopicHour]:
        async with self._reading.connection() as connection:
            found = await connection.execute(_HOURS, {"since": since, "until": until})
            return [TopicHour(*row) for row in found]

    async def next_hour(self, *, not_before: datetime) -> datetime | None:
        """The first whole hour that was not counted yet; `None` while there are no cases."""
        async with self._reading.connection() as connection:
            last: datetime | None = (await connection.execute(_LAST_HOUR)).scalar_one()
            if last is not None:
                return max(last + timedelta(hours=1), not_before)
            first: datetime | None = (await connection.execute(_FIRST_CASE, {"since": not_before})).scalar_one()
        return first.replace(minute=0, second=0, microsecond=0) if first is not None else None

    async def count(self, hour: datetime, people: dict[str, int], *, forget_before: datetime) -> None:
        """Write down a whole hour, once."""
        async with self._engine.begin() as connection:
            asked = {"hour": hour, "topics": list(people), "people": list(people.values())}
            await connection.execute(_COUNTED, asked)
            await connection.execute(_FORGET_HOURS, {"before": forget_before})

    async def going_on(self) -> dict[str, datetime]:
        """The topics that are above their usual, and since when."""
        async with self._reading.connection() as connection:
            return {row.topic: row.since for row in await connection.execute(_GOING_ON)}

    async def write(self, found: Iterable[Found], *, over: Collection[str], now: datetime) -> None:
        """Keep what rose, and what is over."""
        async with self._engine.begin() as connection:
            await connection.execute(_EXPIRE, {"before": now - EXPIRES})
            for one in found:
                await _keep(connection, one, now=now)
            if over:
                await connection.execute(_OVER, {"topics": sorted(over), "now": now})

    async def suggested(self) -> Sequence[SuggestionOfIncident]:
        """What nobody has decided yet, the latest first."""
        async with self._reading.connection() as connection:
            found = await connection.execute(_SUGGESTED, {"most": MOST_SUGGESTED})
            return [SuggestionOfIncident(*row) for row in found]

    async def examples(self, suggestion_ids: Sequence[str]) -> dict[str, list[Example]]:
        """The latest cases of each, up to `MOST_EXAMPLES`."""
        found: defaultdict[str, list[Example]] = defaultdict(list)
        async with self._reading.connection() as connection:
            asked = {"ids": list(suggestion_ids), "most": MOST_EXAMPLES}
            for rise_id, number, subject in await connection.execute(_EXAMPLES, asked):
                found[rise_id].append(Example(number, subject))
        return found

    async def dismiss(self, suggestion_id: str, agent: Agent) -> None:
        """It is none; this rise is not suggested again. Dismissing it twice is as good as once.

        Raises:
            IncidentSuggestionNotFound: there is none with this id.
            SuggestionDecided: an incident was made from it.
        """
        async with self._engine.begin() as connection:
            state = (await connection.execute(_LOCK, {"id": suggestion_id})).scalar_one_or_none()
            if state is None:
                raise IncidentSuggestionNotFound("There is no suggestion with this id")
            if state == "accepted":
                raise SuggestionDecided("An incident was made from it")
            await connection.execute(_DISMISS, {"id": suggestion_id, "by": agent.name})

    async def counts(self) -> tuple[int, int]:
        """How many incidents are open, and how many suggestions."""
        async with self._reading.connection() as connection:
            incidents, suggestions = (await connection.execute(_COUNTS)).one()
        return incidents, suggestions


async def _keep(connection: AsyncConnection, found: Found, *, now: datetime) -> None:
    rise = found.rise
    parameters = {
        "id": new_id(),
        "topic": found.topic,
        "since": rise.since,
        "now": now,
        "people": rise.people,
        "per_hour": rise.per_hour,
        "usual": rise.usual_per_hour,
        "words": list(found.words),
    }
    rise_id = (await connection.execute(_RISEN, parameters)).scalar_one()
    await connection.execute(_RISE_CASES, {"rise": rise_id, "cases": list(found.case_ids)})
