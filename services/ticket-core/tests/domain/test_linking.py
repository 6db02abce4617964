import pytest

from core_factories import BUDI, NOW, Desk, contact, form, identity, message, number
from ticket_core.domain.errors import AlreadyLinked, CaseNotFound, CyclicParents, HasParent, NotLinked, SameCase
from ticket_core.domain.inputs import LinkCases, MergeCases, UndoMerge, UnlinkCases
from ticket_core.domain.kinds import Relation

SITI = (identity(),)
FIRST, SECOND, THIRD, FOURTH = (number(index) for index in range(1, 5))


def link(here: str, relation: Relation, there: str) -> LinkCases:
    return LinkCases(number=here, other=there, relation=relation, agent=BUDI, reason="Satu penyebab")


def unlink(here: str, there: str) -> UnlinkCases:
    return UnlinkCases(number=here, other=there, agent=BUDI)


def merge(into: str, other: str) -> MergeCases:
    return MergeCases(number=into, other=other, agent=BUDI)


@pytest.fixture
def desk() -> Desk:
    """Two cases of one person, and two of others."""
    found = Desk()
    found.give(
        contact(message("Insentif saya belum cair", identities=SITI, reference=FIRST)),
        contact(form(("Masalah", "Sertifikat pelatihan belum terbit"), identities=SITI, reference=SECOND)),
        contact(message(conversation="chat:cccccccc", reference=THIRD)),
        contact(message(conversation="chat:dddddddd", reference=FOURTH)),
    )
    return found


def links(desk: Desk, of: str) -> list[tuple[str, str]]:
    case = desk.world.numbered(of)
    return [(link.relation, desk.world.cases[link.case_id].number) for link in case.links]


class TestLink:
    @pytest.mark.parametrize(
        ("relation", "inverse"),
        [("parent", "child"), ("child", "parent"), ("related", "related"), ("follow_up", "predecessor")],
    )
    def test_stands_in_both(self, desk: Desk, relation: str, inverse: str) -> None:
        applied = desk.one(link(FIRST, Relation(relation), THIRD))
        assert (links(desk, FIRST), links(desk, THIRD)) == ([(relation, THIRD)], [(inverse, FIRST)])
        here, there = desk.world.changed.recorded[-2:]
        assert (here.entry.seq, here.entry.author_id, here.entry.fact.reason) == (applied.seq, BUDI.id, "Satu penyebab")  # type: ignore[union-attr]
        assert (there.entry.case_id, there.entry.fact.reason) == (desk.world.numbers[THIRD], "Satu penyebab")  # type: ignore[union-attr]

    def test_is_no_activity(self, desk: Desk) -> None:
        desk.pass_time(days=1)
        desk.give(link(FIRST, Relation.RELATED, THIRD))
        assert {case.activity_at for case in desk.cases} == {NOW}

    def test_refused(self, desk: Desk) -> None:
        desk.give(link(FIRST, Relation.PARENT, SECOND))
        for command, error in [
            (link(FIRST, Relation.RELATED, FIRST), SameCase),
            (link(FIRST, Relation.RELATED, number(9)), CaseNotFound),
            (link(SECOND, Relation.RELATED, FIRST), AlreadyLinked),
            (link(FIRST, Relation.PARENT, THIRD), HasParent),
            (link(THIRD, Relation.CHILD, FIRST), HasParent),
        ]:
            with pytest.raises(error):
                desk.give(command)

    def test_no_case_is_above_itself(self, desk: Desk) -> None:
        desk.give(link(FIRST, Relation.PARENT, SECOND), link(SECOND, Relation.PARENT, THIRD))
        for command in (link(THIRD, Relation.PARENT, FIRST), link(FIRST, Relation.CHILD, THIRD)):
            with pytest.raises(CyclicParents):
                desk.give(command)
        desk.give(link(THIRD, Relation.PARENT, FOURTH))


class TestUnlink:
    def test_leaves_nothing_in_either(self, desk: Desk) -> None:
        desk.give(link(FIRST, Relation.CHILD, THIRD), unlink(THIRD, FIRST))
        assert [case.ties for case in desk.cases] == [None] * 4

    def test_twice(self, desk: Desk) -> None:
        with pytest.raises(NotLinked):
            desk.give(unlink(FIRST, THIRD))

    @pytest.mark.parametrize("from_the_later", [True, False])
    def test_a_follow_up_that_was_opened_as_such(self, *, from_the_later: bool) -> None:
        desk = Desk()
        earlier = desk.hear()
        case = desk.world.cases[earlier.case_id]
        later = case._replace(id="z", number=FIRST, follow_up_of=case.id)
        desk.world.load_case(later)
        desk.world.numbers[FIRST] = "z"
        with pytest.raises(AlreadyLinked):
            desk.give(link(FIRST, Relation.RELATED, case.number))
        desk.give(unlink(FIRST, case.number) if from_the_later else unlink(case.number, FIRST))
        assert [one.follow_up_of for one in desk.cases] == [None, None]


class TestMerged:
    def test_the_survivor_is_meant(self, desk: Desk) -> None:
        desk.give(merge(FIRST, SECOND), link(THIRD, Relation.PARENT, SECOND))
        assert links(desk, THIRD) == [("parent", FIRST)]
        with pytest.raises(AlreadyLinked):
            desk.give(link(SECOND, Relation.RELATED, THIRD))

    def test_a_link_goes_along_and_comes_back(self, desk: Desk) -> None:
        desk.give(link(SECOND, Relation.PARENT, THIRD), merge(FIRST, SECOND))
        with pytest.raises(HasParent):
            desk.give(link(FIRST, Relation.PARENT, FOURTH))
        desk.give(link(THIRD, Relation.PARENT, FOURTH))
        with pytest.raises(CyclicParents):
            desk.give(link(FOURTH, Relation.PARENT, FIRST))
        desk.give(UndoMerge(number=FIRST, other=SECOND, agent=BUDI), link(FIRST, Relation.PARENT, FOURTH))
        assert (links(desk, FIRST), links(desk, SECOND)) == ([("parent", FOURTH)], [("parent", THIRD)])

    def test_a_link_that_went_along_can_be_taken_away(self, desk: Desk) -> None:
        desk.give(link(SECOND, Relation.PARENT, THIRD), merge(FIRST, SECOND), unlink(FIRST, THIRD))
        desk.give(UndoMerge(number=FIRST, other=SECOND, agent=BUDI))
        assert (links(desk, SECOND), links(desk, THIRD)) == ([], [])

    def test_a_merge_that_would_put_a_case_above_itself(self, desk: Desk) -> None:
        desk.give(link(FIRST, Relation.PARENT, THIRD), link(THIRD, Relation.PARENT, SECOND))
        with pytest.raises(CyclicParents):
            desk.give(merge(FIRST, SECOND))

    def test_of_cases_with_different_parents(self, desk: Desk) -> None:
        """Which of them the case would belong to is for an agent to say."""
        desk.give(link(FIRST, Relation.PARENT, THIRD), link(SECOND, Relation.PARENT, FOURTH))
        with pytest.raises(HasParent):
            desk.give(merge(FIRST, SECOND))
        desk.give(unlink(SECOND, FOURTH), merge(FIRST, SECOND))
        assert links(desk, FIRST) == [("parent", THIRD)]

    def test_of_cases_with_the_same_parent(self, desk: Desk) -> None:
        desk.give(link(FIRST, Relation.PARENT, THIRD), link(SECOND, Relation.PARENT, THIRD), merge(FIRST, SECOND))
        desk.give(unlink(FIRST, THIRD))
        assert (links(desk, FIRST), links(desk, THIRD)) == ([], [])

    def test_a_parent_may_take_in_its_child(self, desk: Desk) -> None:
        desk.give(link(SECOND, Relation.PARENT, FIRST), merge(FIRST, SECOND), link(FIRST, Relation.PARENT, THIRD))
        assert links(desk, FIRST) == [("child", SECOND), ("parent", THIRD)]
