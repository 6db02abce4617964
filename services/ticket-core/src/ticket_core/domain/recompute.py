"""Counts the clocks of a case again: a replay of its timeline, as if the policies of now had always held.

What the timeline says of warnings and breaches stays said. A clock that is overdue by the new count as well does not
breach a second time; one that is not any more may breach again.
"""

from collections.abc import Sequence
from datetime import datetime

from ticket_core.domain.case import Case
from ticket_core.domain.clocks import Clock, ClockKind, Clocks
from ticket_core.domain.entries import DueChanged, Entry
from ticket_core.domain.inputs import SetClocks
from ticket_core.domain.replay import replayed
from ticket_core.domain.sla import SlaPolicies


def recomputed(case: Case, timeline: Sequence[Entry], *, sla: SlaPolicies, now: datetime) -> SetClocks | None:
    """What the clocks of `case` should be by `sla`; `None` if they are that already, or it is over."""
    found = replayed(timeline, sla)
    if found is None or not case.active:
        return None
    kept = case.clocks or Clocks()
    after = Clocks(*(_said(one, before, now) for one, before in zip(found, kept, strict=True)))
    changed = [kind for kind, one, before in zip(ClockKind, after, kept, strict=True) if _seen(one) != _seen(before)]
    if not changed:
        return None
    changes = tuple(DueChanged(kind, _due(getattr(kept, kind)), _due(getattr(after, kind))) for kind in changed)
    return SetClocks(case.id, case.last_seq, after, changes)


def _said(clock: Clock | None, before: Clock | None, now: datetime) -> Clock | None:
    """The clock, with what the timeline said of the same one and what is true by the new count."""
    if clock is None or clock.ended or before is None or before.begun_at != clock.begun_at:
        return clock
    until = now if clock.running else clock.as_of
    # Of one that is paused, nobody knows when it will warn: that is seen when it runs again.
    warning = not clock.running or (clock.warn_at is not None and clock.warn_at <= now)
    return clock._replace(
        warned=before.warned and warning,
        breached=before.breached and clock.due_at is not None and clock.due_at <= until,
    )


def _seen(clock: Clock | None) -> object:
    """All that makes a difference. Where it is due says what was used, however that is put down."""
    if clock is None or clock.ended:
        return clock and (clock.begun_at, clock.breached)
    used = None if clock.running and clock.target is not None else (clock.used, clock.as_of)
    return clock.begun_at, clock.target, clock.state, clock.due_at, clock.warn_at, clock.breached, used


def _due(clock: Clock | None) -> datetime | None:
    return clock.due_at if clock else None
