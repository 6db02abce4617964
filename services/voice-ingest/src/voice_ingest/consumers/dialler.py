"""Places the calls that wait, a few at a time, and never the same one twice.

A delivery is `placing` in the database before the provider hears of it. If the outcome is unknown (a crash, a
timeout), the provider is asked for calls to that number since then before anything is dialled again: no number is
called twice at once, so a call that nobody else knows of is ours.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kawal.contracts.deliveries import DeliveryState
from kawal.errors import KawalError, PermanentError, TransientError
from kawal.observability.logging import get_logger
from voice_ingest.consumers.outcomes import Outcomes
from voice_ingest.domain.calls import CallStatus, Failed, PlannedCall
from voice_ingest.domain.ports import Calls, PlannedCalls, Reports

CLOCK_SKEW = timedelta(seconds=5)

log = get_logger()


@dataclass(frozen=True, slots=True)
class DiallerSettings:
    """`lines`: calls at once, over all replicas. `ask_after`: when an unknown outcome is looked into.

    `check_every`: how often a running call is looked after if the provider tells nothing. `poll`: how often due
    calls are looked for when nobody wakes the dialler. `patience`: how long a provider may be away before the
    delivery fails, so that another channel gets its turn.
    """

    lines: int = 10
    ask_after: timedelta = timedelta(seconds=30)
    check_every: timedelta = timedelta(minutes=2)
    poll: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(hours=2)


class Dialler:
    def __init__(
        self,
        calls: PlannedCalls,
        *,
        provider: Calls,
        reports: Reports,
        outcomes: Outcomes,
        urls: Callable[[PlannedCall], tuple[str, str]],
        settings: DiallerSettings,
        clock: Callable[[], datetime],
        woken: asyncio.Event,
    ) -> None:
        """`urls` gives a call's answer and status address, both of which name the delivery and its attempt."""
        self._calls = calls
        self._provider = provider
        self._reports = reports
        self._outcomes = outcomes
        self._urls = urls
        self._settings = settings
        self._clock = clock
        self._woken = woken
        self._turned_at = clock()

    def alive(self) -> bool:
        """Whether the loop goes round; one turn asks the provider at most a few dozen times."""
        return self._clock() - self._turned_at < timedelta(minutes=5)

    async def run(self) -> None:
        while True:
            self._turned_at = self._clock()
            try:
                await self.turn()
            except (TransientError, KawalError) as away:
                log.warning("dialler_waits", error=away)
            await self._rest()

    async def turn(self) -> None:
        """Look after what is going on, then dial what is due."""
        lease = self._settings.ask_after
        for call in await self._calls.lapsed(now=self._clock(), lease=lease):
            await self._look_after(call)
        due = await self._calls.claim(limit=self._settings.lines, now=self._clock(), lease=lease)
        await asyncio.gather(*(self._dial(call) for call in due))

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _dial(self, call: PlannedCall) -> None:
        answer_url, status_url = self._urls(call)
        try:
            call_id = await self._provider.place(to=call.to, answer_url=answer_url, status_url=status_url)
            await self._is_placed(call, call_id)
        except PermanentError as refused:
            log.warning("call_refused", event_id=call.delivery_id, error=refused)
            await self._outcomes.settle(call, Failed("refused"))
        except (TransientError, KawalError) as unknown:
            log.warning("call_outcome_unknown", event_id=call.delivery_id, attempt=call.attempt, error=unknown)

    async def _is_placed(self, call: PlannedCall, call_id: str) -> None:
        check_at = self._clock() + self._settings.check_every
        await self._calls.placed(call.delivery_id, attempt=call.attempt, call_id=call_id, check_at=check_at)
        await self._reports.report(call, state=DeliveryState.SENT)
        log.info("call_placed", event_id=call.delivery_id, case_id=call.case_id, attempt=call.attempt)

    async def _look_after(self, call: PlannedCall) -> None:
        try:
            call_id = call.call_id or await self._recover(call)
            status = call_id and (await self._provider.status(call_id) or CallStatus.FAILED)
        except (TransientError, PermanentError) as unknown:
            log.warning("call_state_unknown", event_id=call.delivery_id, error=unknown)
            if call.call_id is None and self._clock() - call.planned_at > self._settings.patience:
                await self._outcomes.settle(call, Failed("provider_unavailable"))
            return
        if call_id and status and status.is_over:
            await self._outcomes.ended(call.delivery_id, attempt=call.attempt, call_id=call_id, status=status)

    async def _recover(self, call: PlannedCall) -> str | None:
        """The call of an attempt whose outcome is unknown; if there is none, the attempt does not count."""
        if call_id := await self._find(call):
            await self._is_placed(call, call_id)
        else:
            await self._calls.requeue(call, attempt=call.attempt - 1, at=self._clock())
        return call_id

    async def _find(self, call: PlannedCall) -> str | None:
        since = (call.placed_at or self._clock()) - CLOCK_SKEW
        known = await self._calls.call_ids(call.to)
        found = await self._provider.find(to=call.to, since=since)
        return next((one.call_id for one in found if one.call_id not in known), None)
