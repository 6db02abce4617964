"""Which cases to list, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, literal_column, or_

from kawal.contracts.words import Channel
from ticket_core.domain.case import ACTIVE
from ticket_core.store.tables import cases


class Sort(StrEnum):
    """`-` is the greatest first. `waiting`: whoever waits longest; `priority`: the most urgent, of active cases.

    `due`: those of which a clock runs, by when it is used up.
    """

    LATEST_ACTIVITY = "-activity"
    OLDEST_ACTIVITY = "activity"
    LATEST_OPENED = "-opened"
    OLDEST_OPENED = "opened"
    LONGEST_WAITING = "waiting"
    MOST_URGENT = "priority"
    SOONEST_DUE = "due"


class Sla(StrEnum):
    """`BREACHED`: a clock that runs is used up. `AT_RISK`: little is left of one, and none is used up."""

    BREACHED = "breached"
    AT_RISK = "at_risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases to list; what is empty excludes nothing.

    `unassigned` excludes `assignee_id`; `active` stands for all states that need somebody. `topic` is a topic
    (`group.topic`) or a whole group. A case has all `tags`. Times are `from` (included) `until` (excluded).
    `waiting_until`: a participant has been waiting for an answer since before then. `q` is what an agent types: a
    number or its beginning, an e-mail address, a phone number, a name, or words.
    """

    states: tuple[str, ...] = ()
    active: bool = False
    assignee_id: str | None = None
    unassigned: bool = False
    channel: Channel | None = None
    incident_id: str | None = None
    topic: str | None = None
    priorities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    opened_from: datetime | None = None
    opened_until: datetime | None = None
    activity_from: datetime | None = None
    activity_until: datetime | None = None
    waiting_until: datetime | None = None
    sla: Sla | None = None
    q: str | None = None


# Spelt out, not bound: only so does the planner know that the partial index fits.
ACTIVE_CASES = cases.c.state.in_([literal_column(f"'{state}'") for state in ("new", "open", "pending", "on_hold")])


def conditions(wanted: CaseFilter, *, sort: Sort = Sort.LATEST_ACTIVITY) -> Iterator[ColumnElement[bool]]:
    """All of the filter but `q`, and what the order leaves out."""
    active = wanted.active or sort is Sort.MOST_URGENT or bool(wanted.states and ACTIVE.issuperset(wanted.states))
    if active:
        yield ACTIVE_CASES
    if sort is Sort.LONGEST_WAITING or wanted.waiting_until is not None:
        yield cases.c.waiting_since.is_not(None)
    if sort is Sort.SOONEST_DUE or wanted.sla is not None:
        yield cases.c.due_at.is_not(None)
    if wanted.topic is not None:
        yield from _topic(wanted.topic, active=active)
    yield from _what(wanted)
    yield from _when(wanted)
    if wanted.sla is not None:
        yield from _promised(wanted.sla)


def _what(wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.states:
        yield cases.c.state.in_(wanted.states)
    if wanted.assignee_id is not None:
        yield cases.c.assignee_id == wanted.assignee_id
    if wanted.unassigned:
        yield cases.c.assignee_id.is_(None)
    if wanted.channel is not None:
        yield cases.c.channels.contains([wanted.channel])
    if wanted.incident_id is not None:
        yield cases.c.incident_id == wanted.incident_id
    if wanted.tags:
        yield cases.c.tags.contains(list(wanted.tags))
    if wanted.priorities:
        yield cases.c.priority.in_(wanted.priorities)


def _topic(topic: str, *, active: bool) -> Iterator[ColumnElement[bool]]:
    """As the indexes have it: `cases_active_group_idx`, and `cases_topic_idx`, which is in the order of the bytes."""
    group, dot, _ = topic.partition(".")
    if active:
        yield func.split_part(cases.c.topic, ".", 1) == group
    if dot:
        yield cases.c.topic == topic
    elif not active:
        behind, before = (cases.c.topic.op(name, is_comparison=True) for name in ("~>=~", "~<~"))
        yield or_(cases.c.topic == group, and_(behind(f"{group}."), before(f"{group}/")))


def _promised(sla: Sla) -> Iterator[ColumnElement[bool]]:
    if sla is Sla.BREACHED:
        yield cases.c.due_at <= func.now()
    else:
        yield and_(cases.c.risk_at <= func.now(), cases.c.due_at > func.now())


def _when(wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    for column, since, until in (
        (cases.c.opened_at, wanted.opened_from, wanted.opened_until),
        (cases.c.activity_at, wanted.activity_from, wanted.activity_until),
        (cases.c.waiting_since, None, wanted.waiting_until),
    ):
        if since is not None:
            yield column >= since
        if until is not None:
            yield column < until
