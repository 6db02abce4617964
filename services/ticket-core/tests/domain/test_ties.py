"""Cases that have to do with one another, whatever else happens."""

from collections import Counter
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import (
    BUDI,
    Desk,
    contact,
    message,
)
from core_stories import SEVERAL, SPLITS, inputs_of, kept, refused, ring, run, splits, steps, timelines
from ticket_core.domain.entries import CONTRIBUTIONS
from ticket_core.domain.evolve import fold
from ticket_core.domain.inputs import (
    LinkCases,
    MergeCases,
    UndoMerge,
    UndoSplit,
    UnlinkCases,
)
from ticket_core.domain.kinds import Relation
from ticket_core.domain.linking import INVERSE
from ticket_core.domain.pair_entries import Said
from ticket_core.domain.splitting import said_in
from ticket_core.store import rows


def above(desk: Desk) -> set[tuple[str, str]]:
    """Who is right below whom, all that is merged taken for one."""
    whole = {case.id: desk.world.survivor(case) for case in desk.cases}
    ids = {case_id: survivor.id for case_id, survivor in whole.items() if survivor}
    links = [(case.id, link) for case in desk.cases for link in case.links if link.relation is Relation.PARENT]
    return {(ids[child], ids[link.case_id]) for child, link in links if ids[child] != ids[link.case_id]}


PARENT = partial(LinkCases, relation=Relation.PARENT)
pairs = st.tuples(st.integers(0, 4), st.integers(0, 4))


def knots(*commands: Any) -> st.SearchStrategy[list[Any]]:
    """What agents may say of two of several cases."""
    one = st.builds(lambda command, pair: ("cases", (command, *pair)), st.sampled_from(commands), pairs)
    return st.lists(one, max_size=14)


ties = knots(*(partial(LinkCases, relation=relation) for relation in Relation), UnlinkCases, MergeCases, UndoMerge)


class TestLinked:
    def test_there_are_several_cases(self) -> None:
        assert len(run(SEVERAL).cases) == 5

    @given(ties, steps)
    @settings(max_examples=100, deadline=None)
    def test_both_know_of_a_link(self, tied: list[Any], story: list[Any]) -> None:
        cases = run([*SEVERAL, *tied, *story]).world.cases
        for case in cases.values():
            for link in case.links:
                assert (INVERSE[link.relation], case.id) in cases[link.case_id].links

    @given(knots(PARENT, PARENT, MergeCases, UndoMerge))
    @settings(max_examples=300, deadline=None)
    def test_no_case_is_above_itself(self, tied: list[Any]) -> None:
        left = above(run([*SEVERAL, *tied]))
        while tops := {parent for _, parent in left} - {child for child, _ in left}:
            left = {(child, parent) for child, parent in left if parent not in tops}
        assert left == set()

    @given(ties, st.lists(st.tuples(st.sampled_from(Relation), pairs), max_size=5), st.lists(pairs, max_size=3))
    @settings(max_examples=150, deadline=None)
    def test_undone_leaves_all_as_it_was(self, tied: list[Any], wanted: list[Any], merged: list[Any]) -> None:
        """Whatever is merged between a link and its undo."""
        desk = run([*SEVERAL, *tied])
        before, linked, parts = kept(desk), [], []
        numbers = [case.number for case in desk.cases]
        for relation, (here, there) in wanted:
            link = LinkCases(number=numbers[here], other=numbers[there], relation=relation, agent=BUDI)
            if not refused(desk, link):
                linked.append((link.number, link.other))
        for pair in merged:
            into, part = (desk.world.numbered(numbers[place]).number for place in pair)
            if not refused(desk, MergeCases(number=into, other=part, agent=BUDI)):
                parts.append((into, part))
        desk.give(*(UndoMerge(number=into, other=part, agent=BUDI) for into, part in reversed(parts)))
        desk.give(*(UnlinkCases(number=here, other=there, agent=BUDI) for here, there in linked))
        assert kept(desk) == before


class TestSplit:
    @given(splits)
    @settings(max_examples=200, deadline=None)
    def test_keeps_what_its_timeline_adds_up_to(self, story: list[Any]) -> None:
        desk = run(story)
        entries = timelines(desk)
        assert {case_id: fold(found) for case_id, found in entries.items()} == desk.world.cases
        for found in entries.values():
            assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
            assert all(rows.entry_of(rows.entry_row(entry)) == entry for entry in found)

    @given(splits)
    @settings(max_examples=200, deadline=None)
    def test_what_was_said_is_in_one_case(self, story: list[Any]) -> None:
        """Each contribution is in the case that it was said in, or in the one that it was moved to last."""
        desk = run(story)
        entries = timelines(desk)
        shown: Counter[tuple[str | None, int | None]] = Counter()
        for case in desk.cases:
            back = case.origin is not None and case.origin.back
            for entry in entries[case.id]:
                if not isinstance(entry.fact, CONTRIBUTIONS) or entry.seq in case.moved or (back and entry.fact.of):
                    continue
                said = entry
                if entry.fact.of:
                    said = entries[entry.fact.of.case_id][entry.fact.of.seq - 1]
                shown[said.conversation_id, said.conversation_seq] += 1
        said_once = {
            (entry.conversation_id, entry.conversation_seq)
            for found in entries.values()
            for entry in found
            if isinstance(entry.fact, CONTRIBUTIONS) and entry.conversation_seq is not None
        }
        assert shown == dict.fromkeys(said_once, 1)

    @given(splits)
    @settings(max_examples=100, deadline=None)
    def test_transcripts_have_no_gaps(self, story: list[Any]) -> None:
        desk = run(story)
        recorded = [one.entry for one in desk.world.changed.recorded]
        for conversation in desk.world.conversations.values():
            seqs = [e.conversation_seq for e in recorded if e.conversation_id == conversation.id and e.conversation_seq]
            assert seqs == list(range(1, conversation.last_seq + 1))

    @given(splits)
    @settings(max_examples=200, deadline=None)
    def test_a_case_is_what_is_said_in_it(self, story: list[Any]) -> None:
        desk = run(story)
        for case_id, entries in timelines(desk).items():
            case = desk.world.cases[case_id]
            said = said_in(entries, without=case.moved)._replace(conversation_id=case.conversation_id)
            kept_ = Said._make(getattr(case, name) for name in Said._fields)
            assert said._replace(waiting_since=None) == kept_._replace(waiting_since=None)
            if not case.merged:
                assert said.waiting_since == kept_.waiting_since

    @given(splits, st.lists(SPLITS, min_size=1, max_size=3), st.randoms())
    @settings(max_examples=300, deadline=None)
    def test_undone_leaves_all_as_it_was(self, story: list[Any], wanted: list[Any], chance: Any) -> None:
        desk = run(story)
        ring(desk)
        before = kept(desk)
        for kind, detail in wanted:
            for given_ in inputs_of(desk, kind, detail):
                refused(desk, given_)
        new = [case for case in desk.cases if case.id not in before["cases"]]
        while left := [case for case in new if not desk.world.cases[case.id].origin.back]:  # type: ignore[union-attr]
            undone = [UndoSplit(number=case.number, agent=BUDI) for case in chance.sample(left, len(left))]
            still = [given_ for given_ in undone if refused(desk, given_)]
            assert len(still) < len(undone), "one of them was split off last"
        assert without(kept(desk), {case.id: case.number for case in new}) == before

    @given(splits)
    @settings(max_examples=100, deadline=None)
    def test_a_conversation_goes_on_in_a_case_of_its_own_person(self, story: list[Any]) -> None:
        desk = run(story)
        for conversation in list(desk.world.conversations.values()):
            applied = desk.one(contact(message("Lagi", conversation=conversation.id, at=desk.now)))
            assert desk.world.are_one(desk.world.cases[applied.case_id].participant_id, conversation.participant_id)

    @given(splits)
    @settings(max_examples=200, deadline=None)
    def test_answers_go_to_the_person_of_the_case(self, story: list[Any]) -> None:
        desk = run(story)
        for case in desk.cases:
            speaker = desk.world.conversations[case.conversation_id or ""].participant_id
            assert desk.world.are_one(speaker, case.participant_id)


def without(known: dict[str, Any], new: dict[str, str]) -> dict[str, Any]:
    """What is kept, but for the cases `new` and their numbers."""
    numbers = set(new.values())
    cases = {
        case_id: case._replace(aliases=tuple(alias for alias in case.aliases if alias not in numbers))
        for case_id, case in known["cases"].items()
        if case_id not in new
    }
    led = {number: case_id for number, case_id in known["numbers"].items() if number not in numbers}
    return known | {"cases": cases, "numbers": led}
