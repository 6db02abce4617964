"""Locks and loads what a batch touches, in a handful of queries whatever its size.

The order of locks is the same everywhere, so writers wait for one another but never in a circle: idempotency keys
(`once`), what is above what (`relatives`), files of participants (`imports`), identities by key, inbox rows,
participants by id. The participant's row is the lock of all that hangs below it. Participants whom agents found to be
one person are locked together, see `_lock_participants`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.interactions import MessagesRead
from kawal.contracts.words import Channel
from kawal.inbox import insert_new
from ticket_core.domain.case import Case
from ticket_core.domain.correlate import MOST_COMPARED, numbers_in
from ticket_core.domain.decide import further, said_in
from ticket_core.domain.inputs import Reply, UndoMerge, UseMacro
from ticket_core.store import imports, relatives, rows, tables
from ticket_core.store.batch import Batch
from ticket_core.store.bulk import Insert
from ticket_core.store.firings import fired
from ticket_core.store.loaded import Loaded

MOST_CLAIMANTS = 5
"""Of how many others who claim the same fact an agent is told."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

_INSERT_FACTS = Insert(tables.identities, rows.FACT, conflict="key")
_FACTS = (
    f"SELECT {rows.selected(rows.FACT, table='identities')} FROM core.identities"  # noqa: S608 names of columns
    " WHERE key = ANY(:keys)"
)
_READ_FACTS = text(_FACTS)
_LOCK_FACTS = text(f"{_FACTS} ORDER BY key FOR NO KEY UPDATE")
_LOCK_PARTICIPANTS = text(
    f"SELECT {rows.selected(rows.PARTICIPANT, table='participants')} FROM core.participants"  # noqa: S608
    " WHERE id = ANY(CAST(:ids AS uuid[]) || ARRAY("
    "  SELECT member.id FROM core.participants AS one JOIN core.participants AS member USING (group_id)"
    "  WHERE one.id = ANY(CAST(:ids AS uuid[])) AND one.group_id IS NOT NULL AND member.group_id IS NOT NULL"
    " )) ORDER BY participants.id FOR NO KEY UPDATE"
)
_MERGED = text(
    f"SELECT {rows.selected(rows.CASE, table='cases')}, stamp FROM core.cases"  # noqa: S608
    " WHERE participant_id = ANY(CAST(:participants AS uuid[])) AND merged IS NOT NULL"
)
_OWN_NUMBERS = text("""
    SELECT id::text, participant_id::text FROM core.cases WHERE number = ANY(:numbers) AND merged IS NOT NULL
""")
_MEMBERS = text("SELECT id::text FROM core.participants WHERE group_id = ANY(CAST(:groups AS uuid[]))")
_SUGGESTED = text("""
    SELECT participant_id::text, other_id::text FROM core.suggestions
    WHERE participant_id = ANY(CAST(:ids AS uuid[])) AND other_id = ANY(CAST(:ids AS uuid[]))
""")
_VOICES = text("""
    SELECT case_id::text, conversation_id FROM core.timeline
    WHERE case_id = ANY(CAST(:ids AS uuid[])) AND author = 'participant'
      AND kind IN ('message', 'form', 'voicemail', 'callback')
    GROUP BY case_id, conversation_id ORDER BY case_id, max(seq) DESC
""")
_CONVERSATIONS = text(
    f"SELECT {rows.selected(rows.CONVERSATION, table='conversations')} FROM core.conversations"  # noqa: S608
    " WHERE id = ANY(:ids)"
)
_CASES = text(
    f"SELECT {rows.selected(rows.CASE, table='cases')}, stamp FROM core.cases"  # noqa: S608
    " WHERE cases.id = ANY(CAST(:ids AS uuid[]) || ARRAY("
    "  SELECT latest.id FROM unnest(CAST(:participants AS uuid[])) AS of_one (participant_id)"
    "  CROSS JOIN LATERAL ("
    "   SELECT id FROM core.cases AS own"
    "   WHERE own.participant_id = of_one.participant_id AND own.state <> 'closed'"
    "   ORDER BY own.activity_at DESC, own.id DESC LIMIT :most"
    "  ) AS latest"
    " ))"
)
_PARTICIPANTS_OF = text("SELECT id::text, participant_id::text FROM core.cases WHERE id = ANY(CAST(:ids AS uuid[]))")
_TIMELINES = text(
    f"SELECT {rows.selected(rows.ENTRY, table='timeline')} FROM core.timeline"  # noqa: S608 names of columns
    " WHERE case_id = ANY(CAST(:ids AS uuid[])) ORDER BY timeline.case_id, seq"
)
_NUMBERS = text("""
    SELECT case_numbers.number, case_id::text, participant_id::text
    FROM core.case_numbers JOIN core.cases ON cases.id = case_id WHERE case_numbers.number = ANY(:numbers)
""")
_EVENTS = text("""
    SELECT source, event_id, case_id::text FROM core.case_numbers
    WHERE (source, event_id) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))
""")
_CLAIMANTS = text("""
    SELECT wanted.key, claimant.participant_id::text
    FROM unnest(CAST(:keys AS bytea[])) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT participant_id FROM core.claims WHERE claims.key = wanted.key ORDER BY participant_id LIMIT :most
    ) AS claimant
""")
_REACHED = text("""
    SELECT timeline.case_id::text, about, channel, payload ->> 'state'
    FROM unnest(CAST(:cases AS uuid[]), CAST(:seqs AS integer[])) AS wanted (case_id, seq)
    JOIN core.timeline ON timeline.case_id = wanted.case_id AND about = wanted.seq AND kind = 'delivery'
""")


class Regrouped(Exception):
    """An agent merged people or cases while we waited for a row: what belongs together now is not what is locked."""


async def announce(engine: AsyncEngine, batch: Batch) -> None:
    """Give every fact that contacts mention a row, in a transaction of its own.

    In the batch's own transaction, whoever mentions the same new fact at the same time would wait for its end.
    """
    facts = batch.mentioned.said
    if facts:
        async with engine.begin() as connection:
            await _INSERT_FACTS.run(connection, [facts[key] for key in sorted(facts)])


async def load(connection: AsyncConnection, batch: Batch, *, spare_numbers: Sequence[str], now: datetime) -> Loaded:
    """Everything that folding `batch` will look up, locked until the transaction ends."""
    return await _Loading(connection, batch, spare_numbers).run(now)


class _Loading:
    def __init__(self, connection: AsyncConnection, batch: Batch, spare_numbers: Sequence[str]) -> None:
        self._connection = connection
        self._batch = batch
        self._loaded = Loaded()
        self._world = self._loaded.world
        self._world.spare_numbers = list(spare_numbers)
        self._participants: dict[str, str] = {}
        self._merged: set[str] = set()
        self._deciding: set[bytes] = set()
        self._written: set[str] = set()

    async def run(self, now: datetime) -> Loaded:
        if self._batch.looks_above:
            await relatives.lock(self._connection)
        if self._batch.imports:
            files = await imports.lock(self._connection, {given.known.content for given in self._batch.imports})
            self._world.imports = {progress.content: progress for progress in files}
        await self._lock_facts()
        await self._insert_events(now)
        await self._find_numbers()
        await self._find_events()
        wanted = self._cases_wanted()
        await self._lock_participants(wanted)
        await self._load_conversations(self._conversations_wanted())
        await self._load_cases(wanted)
        self._check_numbers()
        if self._batch.looks_around:
            await relatives.load(self._connection, self._loaded)
        if self._batch.splits:
            await self._load_timelines()
        await self._load_conversations(self._conversations_of_commands())
        await self._load_reached()
        for firing in await fired(self._connection, self._batch.ruled):
            self._world.fired[firing.case_id].append(firing)
        if self._batch.of_people:
            await self._load_what_people_share()
        if self._batch.imports:
            self._world.numbered_people = await imports.numbered(self._connection, self._world.participants)
        return self._loaded

    async def _lock_facts(self) -> None:
        """Lock what decides who somebody is. Every fact has a row, so that even a first contact has something to lock.

        What is only claimed decides nothing, and is read without a lock: else whoever types a number would wait for
        everybody else who does. Two who claim the same at the same moment may not see each other: `store.missed`.
        """
        own, said, proven = self._batch.mentioned
        await _INSERT_FACTS.run(self._connection, [own[key] for key in sorted(own)])
        self._deciding = own.keys() | proven
        locked = await self._rows(_LOCK_FACTS, keys=sorted(self._deciding))
        read = await self._rows(_READ_FACTS, keys=sorted(said.keys() - proven))
        for row in (*locked, *read):
            fact = rows.fact_of(row)
            self._world.facts[fact.key] = fact
        for key, participant_id in await self._rows(_CLAIMANTS, keys=sorted(said), most=MOST_CLAIMANTS):
            self._world.claimants[key].add(participant_id)

    async def _insert_events(self, now: datetime) -> None:
        batch = self._batch
        events = [(contact.source, contact.event_id) for contact in batch.contacts]
        events += [(report.source, report.event_id) for report in batch.reports]
        self._loaded.fresh = await insert_new(self._connection, tables.inbox, events=events, now=now)

    async def _find_numbers(self) -> None:
        batch = self._batch
        references = (contact.interaction.reference for contact in batch.contacts)
        numbers = {number for number in references if number is not None}
        numbers |= batch.numbers_named
        for contact in batch.contacts:
            if not isinstance(contact.interaction, MessagesRead):
                self._written |= numbers_in(said_in(contact.interaction))
        numbers |= self._written
        for number, case_id, participant_id in await self._rows(_NUMBERS, numbers=sorted(numbers)):
            self._world.numbers[number] = case_id
            self._participants[case_id] = participant_id
        merged = {command.other for command in batch.commands if isinstance(command, UndoMerge)}
        for case_id, participant_id in await self._rows(_OWN_NUMBERS, numbers=sorted(merged)):
            self._merged.add(case_id)
            self._participants[case_id] = participant_id

    async def _find_events(self) -> None:
        events = {(contact.source, contact.event_id) for contact in self._batch.contacts}
        repeated = sorted(events - self._loaded.fresh)
        sources, ids = [source for source, _ in repeated], [event_id for _, event_id in repeated]
        for source, event_id, case_id in await self._rows(_EVENTS, sources=sources, ids=ids):
            self._world.events[source, event_id] = case_id

    def _cases_wanted(self) -> set[str]:
        """The cases that inputs name themselves."""
        world, batch = self._world, self._batch
        named = self._merged | {world.numbers[number] for number in batch.numbers_named & world.numbers.keys()}
        named.update(report.case_id for report in self._reports())
        named.update(given.case_id for given in batch.of_itself)
        named.update(world.events.values())
        return named

    async def _lock_participants(self, cases: set[str]) -> None:
        """Lock whole people.

        Who belongs together is read by the statement that locks, so it may have changed while a row was waited for;
        nobody can change it any more once one of them is locked.

        Raises:
            Regrouped: it did; the transaction has to begin again.
        """
        for case_id, participant_id in await self._rows(
            _PARTICIPANTS_OF, ids=sorted(cases - self._participants.keys())
        ):
            self._participants[case_id] = participant_id
        facts = (self._world.facts[key] for key in self._deciding & self._world.facts.keys())
        owners = {fact.participant_id for fact in facts if fact.participant_id}
        owners.update(self._participants[case_id] for case_id in cases & self._participants.keys())
        owners.update(one for given in self._batch.of_people for one in given.participants)
        for row in await self._rows(_LOCK_PARTICIPANTS, ids=sorted(owners)):
            self._world.load_participant(rows.participant_of(row))
        groups = {one.group_id for one in self._world.participants.values() if one.group_id}
        members = await self._rows(_MEMBERS, groups=sorted(groups))
        if any(member not in self._world.participants for (member,) in members):
            raise Regrouped

    def _conversations_wanted(self) -> set[str]:
        wanted = {contact.interaction.conversation_id for contact in self._batch.contacts}
        return wanted | {
            command.conversation_id
            for command in self._batch.commands
            if isinstance(command, Reply | UseMacro) and command.conversation_id is not None
        }

    def _conversations_of_commands(self) -> set[str]:
        """Where answers go that name no conversation: only known once the cases are."""
        world = self._world
        cases = [world.cases.get(world.numbers.get(command.number, "")) for command in self._batch.commands]
        cases += [world.cases.get(case_id) for case_id in self._batch.ruled]
        wanted = {case.conversation_id for case in cases if case is not None and case.conversation_id is not None}
        return wanted - world.conversations.keys()

    async def _load_conversations(self, ids: Iterable[str]) -> None:
        for row in await self._rows(_CONVERSATIONS, ids=sorted(ids)):
            conversation = rows.conversation_of(row)
            self._world.conversations[conversation.id] = conversation

    async def _load_cases(self, named: set[str]) -> None:
        world = self._world
        last = {one.last_case_id for one in world.participants.values() if one.last_case_id}
        current = {one.case_id for one in world.conversations.values() if one.case_id}
        written = {world.numbers[number] for number in self._written & world.numbers.keys()}
        own = {case_id for case_id in written if self._participants[case_id] in world.participants}
        ids = sorted(named | last | current | own)
        if not ids and not world.participants:
            return
        # With those a contact is compared; what is said of somebody is written into all of them.
        most = None if self._batch.of_people or self._batch.imports else MOST_COMPARED
        parameters = {"ids": ids, "participants": sorted(world.participants), "most": most}
        found = await self._connection.execute(_CASES, parameters)
        self._loaded.put_cases(found)
        await self._load_pointed_at(_into)

    async def _load_pointed_at(self, pointers: Callable[[Case], set[str]]) -> None:
        world = self._world
        while elsewhere := {one for case in world.cases.values() for one in pointers(case)} - world.cases.keys():
            self._loaded.put_cases(await self._rows(_CASES, ids=sorted(elsewhere), participants=[], most=0))

    def _check_numbers(self) -> None:
        """Numbers are read before their cases are locked.

        Raises:
            Regrouped: one has been led to another case since.
        """
        world = self._world
        for number in self._batch.numbers_named:
            case = world.cases.get(world.numbers.get(number, ""))
            if case is not None and (case.merged or number not in (case.number, *case.aliases)):
                raise Regrouped

    async def _load_timelines(self) -> None:
        """Of the cases that are split, or split off, and the conversations in them."""
        world = self._world
        await self._load_pointed_at(lambda case: {case.origin.case_id} if case.origin else set())
        cases = (world.cases.get(world.numbers.get(command.number, "")) for command in self._batch.splits)
        ids = {one for case in cases if case for one in (case.id, case.origin and case.origin.case_id) if one}
        for row in await self._rows(_TIMELINES, ids=sorted(ids)):
            entry = rows.entry_of(row)
            world.timelines.setdefault(entry.case_id, []).append(entry)
        entries = [entry for timeline in world.timelines.values() for entry in timeline]
        spoken = {entry.conversation_id for entry in entries if entry.conversation_id}
        await self._load_conversations(spoken - world.conversations.keys())
        holders = {one.case_id for one in world.conversations.values() if one.case_id} - world.cases.keys()
        self._loaded.put_cases(await self._rows(_CASES, ids=sorted(holders), participants=[], most=0))
        await self._load_pointed_at(_into)

    async def _load_what_people_share(self) -> None:
        """What is asked for by agents who say who is who, and by nobody else."""
        world = self._world
        self._loaded.put_cases(await self._rows(_MERGED, participants=sorted(world.participants)))
        world.suggested.update(
            (one, other) for one, other in await self._rows(_SUGGESTED, ids=sorted(world.participants))
        )
        for case_id, conversation_id in await self._rows(_VOICES, ids=sorted(world.cases)):
            world.voices.setdefault(case_id, []).append(conversation_id)
        spoken = {voice for voices in world.voices.values() for voice in voices}
        await self._load_conversations(spoken - world.conversations.keys())

    def _reports(self) -> list[DeliveryReported]:
        """The reports that name a case as we do; whoever names it otherwise will not find it."""
        return [one.report for one in self._batch.reports if _ID.fullmatch(one.report.case_id)]

    async def _load_reached(self) -> None:
        reports = self._reports()
        cases, seqs = [report.case_id for report in reports], [report.case_seq for report in reports]
        for case_id, seq, channel, state in await self._rows(_REACHED, cases=cases, seqs=seqs):
            place = (case_id, seq, Channel(channel))
            self._world.reached[place] = further(self._world.reached.get(place), DeliveryState(state))

    async def _rows(self, statement: TextClause, **parameters: Any) -> Sequence[Any]:
        """The rows found for lists of wanted things; nothing is asked for nothing."""
        if not any(parameters[name] for name in parameters if isinstance(parameters[name], list)):
            return []
        return (await self._connection.execute(statement, parameters)).all()


def _into(case: Case) -> set[str]:
    """Where its conversations may go on."""
    away = {one.case_id for one in case.away if one.conversations}
    return away | {case.merged.into_id} if case.merged else away
