"""Cases that have to do with one another, as agents say: parent and child, one the follow-up of the other, or related.

A link is written in both timelines and moves nothing. It is between two cases for good: while one of them is part of
another, it is shown as that one's (`World.parts_of`), and an undo of the merge takes it along. No case is above itself,
whatever is merged.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ticket_core.domain.case import Case
from ticket_core.domain.errors import AlreadyLinked, CyclicParents, HasParent, NotLinked, SameCase
from ticket_core.domain.kinds import Relation
from ticket_core.domain.world import World

INVERSE = {
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.RELATED: Relation.RELATED,
    Relation.FOLLOW_UP: Relation.PREDECESSOR,
    Relation.PREDECESSOR: Relation.FOLLOW_UP,
}


class Tie(NamedTuple):
    """`other` is the `relation` of `case`."""

    case: Case
    relation: Relation
    other: Case


def between(world: World, case: Case, other: Case) -> list[Tie]:
    """What links the two, or cases that are part of them."""
    others = {one.id: one for one in world.parts_of(other)}
    found = [
        Tie(part, link.relation, others[link.case_id])
        for part in world.parts_of(case)
        for link in part.links
        if link.case_id in others
    ]
    return found + _followed(world.parts_of(case), others.values())


def require_free(world: World, case: Case, relation: Relation, other: Case) -> None:
    """Let `other` be linked as the `relation` of `case`.

    Raises:
        SameCase: they are one.
        AlreadyLinked: by this relation or another.
        HasParent, CyclicParents: a case has at most one parent, and is not above itself.
    """
    if case.id == other.id:
        raise SameCase("Both numbers lead to it")
    if between(world, case, other):
        raise AlreadyLinked("Take that link away first")
    match relation:
        case Relation.PARENT:
            _require_place_below(world, case, other)
        case Relation.CHILD:
            _require_place_below(world, other, case)


def require_links(world: World, case: Case, other: Case) -> list[Tie]:
    """What is to be taken away.

    Raises:
        NotLinked: nothing.
    """
    found = between(world, case, other)
    if not found:
        raise NotLinked("See the links of the case")
    return found


def require_one_place(world: World, one: Case, other: Case) -> None:
    """Let the two become one case.

    Raises:
        HasParent: each has another parent; which of them holds is for an agent to say.
        CyclicParents: a third is below the one and above the other.
    """
    both = {one.id, other.id}
    parents = [_parents(world, case) - both for case in (one, other)]
    if all(parents) and parents[0] != parents[1]:
        raise HasParent("The two have different parents; take one of these links away first")
    above = parents[0] | parents[1]
    if _above(world, above) & both:
        raise CyclicParents("Take a link between them away first")


def _require_place_below(world: World, child: Case, parent: Case) -> None:
    if _parents(world, child):
        raise HasParent("Take that link away first")
    if child.id in _above(world, {parent.id}):
        raise CyclicParents("It is above the other already")


def _parents(world: World, case: Case) -> set[str]:
    """The cases right above, those that they are part of in their place."""
    found = (
        world.survivor(world.cases.get(link.case_id))
        for part in world.parts_of(case)
        for link in part.links
        if link.relation is Relation.PARENT
    )
    return {parent.id for parent in found if parent is not None} - {case.id}


def _above(world: World, ids: Iterable[str]) -> set[str]:
    """`ids`, and all cases that are above one of them."""
    found: set[str] = set()
    new = set(ids)
    while new:
        found |= new
        new = {parent for one in new for parent in _parents(world, world.cases[one])} - found
    return found


def _followed(parts: Iterable[Case], others: Iterable[Case]) -> list[Tie]:
    """Follow-ups that were opened as such: only the later case knows."""
    pairs = [(part, other) for part in parts for other in others]
    later = [Tie(part, Relation.PREDECESSOR, other) for part, other in pairs if part.follow_up_of == other.id]
    return later + [Tie(part, Relation.FOLLOW_UP, other) for part, other in pairs if other.follow_up_of == part.id]
