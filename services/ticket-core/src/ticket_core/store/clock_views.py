"""The clocks of a case as readers see them."""

from collections.abc import Iterator
from datetime import timedelta

from ticket_core.domain.clocks import Clock, ClockKind, Clocks
from ticket_core.store.newer import Kept
from ticket_core.store.views import ClockView

_CLOCKS = Kept(Clocks)


def clock_views(document: str | None) -> list[ClockView]:
    """Those that have begun, of the column `clocks` as text."""
    return list(_begun(_CLOCKS.read(document) or Clocks()))


def _begun(clocks: Clocks) -> Iterator[ClockView]:
    for kind, clock in zip(ClockKind, clocks, strict=True):
        if clock is not None:
            yield _view(kind, clock)


def _view(kind: ClockKind, clock: Clock) -> ClockView:
    return ClockView(
        kind=kind,
        state=clock.state,
        policy=clock.policy,
        begun_at=clock.begun_at,
        as_of=clock.as_of,
        used_s=_seconds(clock.used),
        target_s=None if clock.target is None else _seconds(clock.target),
        due_at=clock.due_at,
        breached=clock.breached,
    )


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
