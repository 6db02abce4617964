"""Cases that have to do with one another, whatever else happens."""

from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core_factories import (
    BUDI,
    Desk,
    form,
    identity,
    message,
)
from core_stories import kept, refused, run, steps
from ticket_core.domain.entries import (
    Relation,
)
from ticket_core.domain.inputs import (
    LinkCases,
    MergeCases,
    UndoMerge,
    UnlinkCases,
)
from ticket_core.domain.linking import INVERSE


def above(desk: Desk) -> set[tuple[str, str]]:
    """Who is right below whom, all that is merged taken for one."""
    whole = {case.id: desk.world.survivor(case) for case in desk.cases}
    ids = {case_id: survivor.id for case_id, survivor in whole.items() if survivor}
    links = [(case.id, link) for case in desk.cases for link in case.links if link.relation is Relation.PARENT]
    return {(ids[child], ids[link.case_id]) for child, link in links if ids[child] != ids[link.case_id]}


SITI, OTHER = (identity("+621"),), (identity("+622"),)
SEVERAL = [
    *(
        ("contact", form(conversation=f"web:{place}-------", topic=topic, identities=SITI))
        for place, topic in enumerate(("account", "account.fraud", "payment", "training"))
    ),
    ("contact", message("Halo", conversation="chat:somebody-", identities=OTHER)),
]
"""A story in which one person has four cases, another one."""
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
