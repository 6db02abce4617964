"""Whatever happens, in whatever order: the timeline is complete, and it adds up to what is kept."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import (
    BUDI,
    DEWI,
    PROGRAMME,
    Desk,
    contact,
    form,
    identity,
    message,
    number,
    read,
    report,
    voicemail,
)
from kawal.contracts.case_events import CaseState
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Assurance, Channel
from kawal.errors import KawalError
from ticket_core.domain.case import ACTIVE, Case
from ticket_core.domain.entries import (
    CaseMerged,
    ContentRepeated,
    Entry,
    MergeUndone,
    NoteWritten,
    Priority,
    UpdateTold,
)
from ticket_core.domain.evolve import evolve_conversation, fold
from ticket_core.domain.fingerprint import fingerprint, statement
from ticket_core.domain.inputs import (
    AcceptSuggestion,
    Assign,
    ChangeTags,
    ChangeTopic,
    Command,
    DismissSuggestion,
    Hold,
    Input,
    JoinIncident,
    LeaveIncident,
    MergeCases,
    MergePersons,
    PairCommand,
    Pend,
    PersonCommand,
    Prioritise,
    Reopen,
    Reply,
    Resolve,
    Resume,
    RouteCase,
    SetFields,
    TellUpdate,
    TimerFired,
    TimerKind,
    UndoMerge,
    UnmergePerson,
    WriteNote,
)
from ticket_core.domain.states import STEPS
from ticket_core.store import rows
from ticket_core.store.events import case_event

SECRET = "kata rahasia petugas"
CONVERSATIONS = ["chat:aaaaaaaa", "chat:bbbbbbbb", "web:cccccccc", "voice:dddddddd"]
conversations = st.sampled_from(CONVERSATIONS)
identities = st.lists(
    st.builds(identity, st.sampled_from(["+621", "+622"]), assurance=st.sampled_from(list(Assurance))), max_size=2
).map(tuple)
details = {
    "identities": identities,
    "topic": st.sampled_from([None, "payment", "account"]),
    "reference": st.none() | st.integers(0, 20).map(number),
}
# Too short for two words: who says so little goes on with the case that he has.
brief = (
    st.builds(message, st.text(st.characters(codec="ascii"), max_size=4), conversation=conversations, **details)
    | st.builds(form, conversation=conversations, **details)
    | st.builds(voicemail, conversation=conversations, **details)
    | st.builds(read, st.integers(1, 9), conversation=conversations)
)
sentences = st.sampled_from(
    [
        "Insentif belum cair dari bulan lalu",
        "INSENTIF belum cair, dari bulan lalu!",
        "Sertifikat pelatihan belum terbit sampai sekarang",
        "Pelatihan belum terbit di akun saya",
        "Order TRX-8823177 belum masuk",
        "Order TRX-9914402 belum masuk",
    ]
)
interactions = brief | st.builds(message, st.text(max_size=5) | sentences, conversation=conversations, **details)
commands = st.sampled_from(
    [
        *((JoinIncident, {"incident_id": one, "title": {"id": "Mati", "en": "Down"}}) for one in ("i1", "i2")),
        (LeaveIncident, {"incident_id": "i1", "title": {"id": "Mati", "en": "Down"}}),
        *(
            (TellUpdate, {"incident_id": "i1", "update": update, "texts": {"id": "Pulih", "en": "Back"}})
            for update in (1, 2)
        ),
        (Reply, {"text": "Baik"}),
        (Resolve, {}),
        (Reopen, {}),
        (Assign, {"assignee": DEWI}),
        (Assign, {"assignee": None}),
        (RouteCase, {"assignee": DEWI}),
        (RouteCase, {"assignee": None}),
        (RouteCase, {"assignee": BUDI, "holder_id": "somebody else"}),
        (ChangeTopic, {"topic": "account"}),
        (Resolve, {"reason": "fixed"}),
        (Pend, {}),
        (Hold, {"reason": "bank"}),
        (Hold, {"reason": "office"}),
        (Hold, {"reason": "weather"}),
        (Resume, {}),
        (WriteNote, {"text": SECRET, "mentions": (DEWI.id,)}),
        (Prioritise, {"priority": Priority.URGENT}),
        (Prioritise, {"priority": Priority.LOW}),
        (ChangeTags, {"add": ("vip", "null", "Gelombang 12"), "remove": ("lama",)}),
        (ChangeTags, {"add": ("lama",), "remove": ("vip",)}),
        (SetFields, {"values": {"amount": 12, "sure": True}}),
        (SetFields, {"values": {"amount": 1.5, "day": "2026-11-24", "bank": "bni"}}),
        (SetFields, {"values": {"amount": None, "sure": 1}}),
    ]
)
joins = st.sampled_from([MergeCases, MergeCases, UndoMerge])
of_people = st.sampled_from([MergePersons, MergePersons, AcceptSuggestion, DismissSuggestion, UnmergePerson])
steps = st.lists(
    st.tuples(st.just("contact"), interactions)
    | st.tuples(st.just("command"), st.tuples(commands, st.integers(0, 5)))
    | st.tuples(
        st.just("report"), st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from(list(DeliveryState)))
    )
    | st.tuples(st.just("time"), st.integers(0, 10))
    | st.tuples(st.just("cases"), st.tuples(joins, st.integers(0, 5), st.integers(0, 5)))
    | st.tuples(st.just("people"), st.tuples(of_people, st.integers(0, 3), st.integers(0, 3))),
    max_size=30,
)


def run(story: list[tuple[str, Any]]) -> Desk:
    """Let a story happen; what is refused is refused."""
    desk = Desk(policy=PROGRAMME)
    for kind, detail in story:
        for step in _inputs(desk, kind, detail):
            try:
                desk.give(step)
            except KawalError:
                assert isinstance(step, Command | PersonCommand)
    return desk


def _inputs(desk: Desk, kind: str, detail: Any) -> list[Input]:
    match kind, detail:
        case "time", int(days):
            desk.pass_time(days=days)
            return [TimerFired(case.id, TimerKind.CLOSE, desk.now) for case in desk.cases]
        case "contact", interaction:
            return [contact(interaction.model_copy(update={"occurred_at": desk.now}))]
        case "command", ((command, arguments), place) if place < len(desk.cases):
            return [wanted(desk.cases[place], command, arguments)]
        case "report", (place, seq, state) if place < len(desk.cases):
            return [report(desk.cases[place].id, seq, state, channel=Channel.WEB)]
    return _joins(desk, kind, detail)


def _joins(desk: Desk, kind: str, detail: Any) -> list[Input]:
    match kind, detail:
        case "cases", (command, place, other) if max(place, other) < len(desk.cases):
            return [command(number=desk.cases[place].number, other=desk.cases[other].number, agent=BUDI)]
        case "people", (command, place, other) if max(place, other) < len(desk.people):
            return [who_is_who(command, desk.people[place], desk.people[other])]
    return []


def who_is_who(command: type[PersonCommand], participant: str, other: str) -> PersonCommand:
    if issubclass(command, PairCommand):
        return command(participant_id=participant, other_id=other, agent=BUDI)
    return command(participant_id=participant, agent=BUDI)


def wanted(case: Case, command: Any, arguments: dict[str, Any]) -> Input:
    """What an agent, or routing, wants of `case`."""
    if command is RouteCase:
        return RouteCase(**{"case_id": case.id, "holder_id": case.assignee_id} | arguments)
    found: Input = command(number=case.number, agent=BUDI, **arguments)
    return found


def timelines(desk: Desk) -> dict[str, list[Entry]]:
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for one in desk.world.changed.recorded:
        found[one.entry.case_id].append(one.entry)
    return found


class TestAnyStory:
    @given(steps)
    @settings(max_examples=150, deadline=None)
    def test_keeps_what_its_timeline_adds_up_to(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        assert {case_id: fold(entries) for case_id, entries in timelines(desk).items()} == desk.world.cases

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_survives_being_stored(self, story: list[tuple[str, Any]]) -> None:
        for one in run(story).world.changed.recorded:
            assert rows.entry_of(rows.entry_row(one.entry)) == one.entry

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_numbers_entries_without_gaps(self, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(run(story)).values():
            assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_numbers_what_a_conversation_shows_without_gaps(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        shown: defaultdict[str, list[int]] = defaultdict(list)
        for one in desk.world.changed.recorded:
            if one.entry.conversation_seq is not None and one.entry.conversation_id is not None:
                shown[one.entry.conversation_id].append(one.entry.conversation_seq)
        for conversation in desk.world.conversations.values():
            seqs = shown[conversation.id]
            assert seqs == list(range(1, conversation.last_seq + 1))
            assert conversation.read_seq <= conversation.last_seq

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_loses_nothing_that_was_said(self, story: list[tuple[str, Any]]) -> None:
        said = sum(kind == "contact" and detail.kind != "messages_read" for kind, detail in story)
        kept = [one.entry for one in run(story).world.changed.recorded if one.entry.author == "participant"]
        assert sum(entry.conversation_seq is not None for entry in kept) == said

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_marks_a_repeat_only_of_the_same_words(self, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(run(story)).values():
            for entry in entries:
                if isinstance(entry.fact, ContentRepeated) and entry.about is not None:
                    said, before = entries[entry.about - 1], entries[entry.fact.of - 1]
                    assert entry.fact.of < entry.about
                    assert fingerprint(statement(said.fact, said.text)) == fingerprint(
                        statement(before.fact, before.text)
                    )

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_gives_each_number_to_one_case(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        numbers = [number for case in desk.cases if not case.merged for number in (case.number, *case.aliases)]
        assert len(numbers) == len(set(numbers))
        assert {number: desk.world.numbers[number] for number in numbers} == desk.world.numbers

    @given(st.lists(st.tuples(st.just("contact"), brief), max_size=20))
    @settings(max_examples=75, deadline=None)
    def test_opens_one_case_per_person_and_problem(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        problems = [(case.participant_id, case.topic) for case in desk.cases if case.state in ACTIVE]
        assert len(problems) == len(set(problems))

    @given(steps)
    @settings(max_examples=50, deadline=None)
    def test_a_conversation_is_where_its_participant_spoke_last(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        for conversation in desk.world.conversations.values():
            again = conversation
            for one in desk.world.changed.recorded:
                if one.entry.conversation_id == conversation.id and one.entry.fact.kind != "delivery":
                    again = evolve_conversation(again, one.entry)
            assert again == conversation

    @given(steps)
    @settings(max_examples=150, deadline=None)
    def test_takes_legal_steps_only(self, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(run(story)).values():
            states = [CaseState.NEW]
            for entry in entries[1:]:
                if isinstance(entry.fact, CaseMerged):
                    states.append(CaseState.CLOSED)
                elif isinstance(entry.fact, MergeUndone):
                    states.pop()
                    assert entry.state is states[-1]
                elif entry.state is not None and entry.state is not states[-1]:
                    assert entry.state in STEPS[states[-1]]
                    states[-1] = entry.state

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_a_case_has_a_reason_only_where_there_is_one_to_have(self, story: list[tuple[str, Any]]) -> None:
        for case in run(story).cases:
            match case.state:
                case CaseState.ON_HOLD:
                    assert case.reason in PROGRAMME.hold_reasons
                case CaseState.RESOLVED | CaseState.CLOSED:
                    assert case.reason is None or case.reason in PROGRAMME.resolution_reasons
                case _:
                    assert case.reason is None

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_no_note_leaves_the_desk(self, story: list[tuple[str, Any]]) -> None:
        desk = run(story)
        for one in desk.world.changed.recorded:
            if isinstance(one.entry.fact, NoteWritten):
                assert one.entry.conversation_seq is None
            assert SECRET.encode() not in (case_event(one).value or b"")
        assert all(SECRET not in case.snippet + case.subject for case in desk.cases)

    @given(steps)
    @settings(max_examples=100, deadline=None)
    def test_no_update_is_told_twice(self, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(run(story)).values():
            told = [(e.fact.incident_id, e.fact.update) for e in entries if isinstance(e.fact, UpdateTold)]
            assert told == sorted(set(told))

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_the_participant_brings_a_case_back_from_waiting(self, story: list[tuple[str, Any]]) -> None:
        for entries in timelines(run(story)).values():
            for before, entry in pairwise(entries):
                waits = fold(entries[: before.seq]).state in (CaseState.PENDING, CaseState.ON_HOLD)
                if waits and entry.author == "participant" and entry.conversation_seq is not None:
                    assert entry.state is CaseState.OPEN


def kept(desk: Desk) -> dict[str, Any]:
    """All that is known, but for the length of timelines."""
    world = desk.world
    return {
        "people": dict(world.participants),
        "groups": {person: world.person_of(person) for person in world.participants},
        "members": {person: set(world.members_of(person)) for person in world.participants},
        "conversations": dict(world.conversations),
        "facts": dict(world.facts),
        "numbers": dict(world.numbers),
        "cases": {case.id: case._replace(last_seq=0) for case in desk.cases},
    }


class TestMergedAndUndone:
    @given(steps, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4), st.randoms())
    @settings(max_examples=150, deadline=None)
    def test_leaves_all_as_it_was(self, story: list[Any], pairs: list[tuple[int, int]], chance: Any) -> None:
        desk = run(story)
        before, merged = kept(desk), []
        for into, other in pairs:
            if max(into, other) < len(desk.people):
                head = desk.world.person_of(desk.people[other])
                try:
                    desk.give(MergePersons(participant_id=desk.people[into], other_id=head, agent=BUDI))
                except KawalError:
                    continue
                merged.append(head)
        chance.shuffle(merged)
        desk.give(*(UnmergePerson(participant_id=one, agent=BUDI) for one in merged))
        assert kept(desk) == before

    @given(steps, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=4), st.integers(0, 9))
    @settings(max_examples=150, deadline=None)
    def test_leaves_the_cases_as_they_were(self, story: list[Any], pairs: list[tuple[int, int]], days: int) -> None:
        desk = run(story)
        before, merged = kept(desk), []
        for place, other in pairs:
            if max(place, other) < len(desk.cases):
                into, part = desk.world.survivor(desk.cases[place]), desk.world.survivor(desk.cases[other])
                try:
                    desk.give(MergeCases(number=into.number, other=part.number, agent=BUDI))
                except KawalError:
                    continue
                merged.append((into.number, part.number))
        desk.pass_time(days=days)
        for into, part in reversed(merged):
            desk.give(UndoMerge(number=into, other=part, agent=BUDI))
        assert kept(desk) == before

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_what_is_merged_is_silent(self, story: list[Any]) -> None:
        """Nobody works on it, nothing is due in it, nothing is said in it, and its numbers lead elsewhere."""
        desk = run(story)
        for case in desk.cases:
            if case.merged:
                assert (case.state, case.close_at, case.waiting_since) == (CaseState.CLOSED, None, None)
                survivor = desk.world.survivor(case)
                assert survivor is not None
                assert survivor.id == desk.world.numbers[case.number] != case.id
                entries = timelines(desk)[case.id]
                since = max(entry.seq for entry in entries if isinstance(entry.fact, CaseMerged))
                assert all(entry.conversation_seq is None for entry in entries[since:])

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_no_conversation_goes_on_in_the_case_of_somebody_else(self, story: list[Any]) -> None:
        desk = run(story)
        for conversation in list(desk.world.conversations.values()):
            applied = desk.one(contact(message("Lagi", conversation=conversation.id, at=desk.now)))
            owner = desk.world.cases[applied.case_id].participant_id
            assert desk.world.are_one(owner, conversation.participant_id)

    @given(steps)
    @settings(max_examples=75, deadline=None)
    def test_answers_go_to_the_person_of_the_case(self, story: list[Any]) -> None:
        desk = run(story)
        for case in desk.cases:
            speaker = desk.world.conversations[case.conversation_id or ""].participant_id
            assert desk.world.are_one(speaker, case.participant_id)
