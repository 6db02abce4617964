"""Which of a person's cases is a contact about?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case
from ticket_core.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Placement:
    """`joins` is the case to go on with, or `None` for a new one, which then continues `follow_up_of`."""

    joins: Case | None = None
    follow_up_of: str | None = None


def correlate(
    topic: str | None, *, current: Case | None, cases: Collection[Case], policy: Policy, now: datetime
) -> Placement:
    """Place a contact about `topic` (`None`: nobody said), in a conversation about `current` so far.

    `cases` are those of the participant that may go on: active, resolved, and the last one whatever its state.
    In this order: the conversation's own active case; an active case about the same problem; a resolved one, while
    the policy lets a message reopen it; otherwise a new case, as a follow-up of what came before.
    """
    if current and current.active:
        return Placement(current)
    about = topic or (current.topic if current else None)
    active = _same_problem(about, [case for case in cases if case.active])
    if active:
        return Placement(active)
    ended = _same_problem(about, [case for case in cases if not case.active], first=current)
    if ended and _reopens(ended, policy=policy, now=now):
        return Placement(ended)
    return Placement(follow_up_of=ended.id if ended else None)


def _same_problem(topic: str | None, cases: Collection[Case], *, first: Case | None = None) -> Case | None:
    """The case with the same topic, else one of which either topic is unknown: `first`, or the most recently active."""
    same = [case for case in cases if topic is not None and case.topic == topic]
    alike = same or [case for case in cases if topic is None or case.topic is None]
    if first is not None and first in alike:
        return first
    return max(alike, key=lambda case: (case.activity_at, case.id), default=None)


def _reopens(case: Case, *, policy: Policy, now: datetime) -> bool:
    if case.state is not CaseState.RESOLVED or case.resolved_at is None:
        return False
    return now - case.resolved_at <= policy.reopen_within
