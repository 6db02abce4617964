"""Two cases are about one problem, or were not after all.

A merge is a pointer, as it is for people: the entries of the case that is merged stay in its timeline and are shown in
the other's, whoever speaks in one of its conversations is heard in the other, and its numbers lead there. An undo
takes the pointer away; see `docs/adr/` for what becomes of what came in between.
"""

from datetime import datetime
from typing import NamedTuple

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Agent, Case
from ticket_core.domain.entries import Entry
from ticket_core.domain.errors import CaseClosed, CaseNotActive, SameCase
from ticket_core.domain.pair_entries import CaseAbsorbed, CaseMerged, CaseReleased, MergeUndone
from ticket_core.domain.pen import Pen


class Joining(NamedTuple):
    """What is written in the two timelines."""

    survivor: list[Entry]
    other: list[Entry]


def merge(survivor: Case, other: Case, *, agent: Agent, now: datetime) -> Joining:
    """`other` becomes part of `survivor`.

    Raises:
        SameCase: they are the same.
        CaseNotActive: nobody works on the survivor.
        CaseClosed: the other is over.
    """
    if survivor.id == other.id:
        raise SameCase("Both numbers lead to it")
    if not survivor.active:
        raise CaseNotActive("Reopen it first")
    if other.state is CaseState.CLOSED:
        raise CaseClosed("What is over stays as it is")
    here, there = Pen.on(survivor), Pen.on(other)
    here.agent(CaseAbsorbed(other.id, other.number, numbers_of(other)), at=now, agent=agent)
    there.agent(CaseMerged(survivor.id, survivor.number), at=now, agent=agent, state=CaseState.CLOSED)
    return Joining(here.entries, there.entries)


def undo(survivor: Case, other: Case, *, agent: Agent, now: datetime) -> Joining:
    """`other`, which is part of `survivor`, is what it was before."""
    if other.merged is None:
        raise ValueError("it is no part of anything")
    here, there = Pen.on(survivor), Pen.on(other)
    here.agent(CaseReleased(other.id, other.number, numbers_of(other)), at=now, agent=agent)
    fact = MergeUndone(survivor.id, survivor.number)
    there.agent(fact, at=now, agent=agent, state=other.merged.state)
    return Joining(here.entries, there.entries)


def numbers_of(case: Case) -> tuple[str, ...]:
    return (case.number, *case.aliases)
