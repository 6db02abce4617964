"""Whatever happens, in whatever order: the timeline is complete, and it adds up to what is kept."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import (
    BUDI,
    PROGRAMME,
    contact,
    message,
)
from core_stories import SECRET, brief, kept, ring, run, steps, timelines
from kawal.contracts.case_events import CaseState
from kawal.errors import KawalError
from ticket_core.domain.case import ACTIVE
from ticket_core.domain.entries import ContentRepeated, NoteWritten, UpdateTold
from ticket_core.domain.evolve import evolve_conversation, fold
from ticket_core.domain.fingerprint import fingerprint, statement
from ticket_core.domain.inputs import (
    MergeCases,
    MergePersons,
    UndoMerge,
    UnmergePerson,
)
from ticket_core.domain.pair_entries import CaseMerged, MergeUndone
from ticket_core.domain.states import STEPS
from ticket_core.store import rows
from ticket_core.store.events import case_event


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
        ring(desk)
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
