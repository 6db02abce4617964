"""Case numbers leased ahead, so that a participant hears a number at once even while ticket-core is away."""

import asyncio
from collections import deque
from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from kawal.backoff import Backoff
from kawal.case_numbers import is_valid
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.spool import Spool, SpoolUnavailable

LEASE_PATH = "/v1/case-numbers/leases"
TIMEOUT_S = 5.0

log = get_logger()


def _checked(number: str) -> str:
    if not is_valid(number):
        raise ValueError("not a case number")
    return number


class _Lease(BaseModel):
    # None at all would have us ask again at once, without end.
    numbers: list[Annotated[str, AfterValidator(_checked)]] = Field(min_length=1)


def lease_client(*, ticket_core_url: str, service_token: str) -> httpx.AsyncClient:
    """The client that `LeasedNumbers` asks with; the caller closes it."""
    return httpx.AsyncClient(
        base_url=ticket_core_url, headers={"Authorization": f"Bearer {service_token}"}, timeout=TIMEOUT_S
    )


class LeasedNumbers:
    """A replica's stock of case numbers; it lies in the spool's file and survives restarts there.

    A number goes `take()` -> `Spool.append(…, case_number=number)`, which uses it up for good in its fsync. A
    number that was taken but never appended is in the stock again after a restart, or at once when the failed
    append's number is given back.
    """

    def __init__(self, spool: Spool, *, client: httpx.AsyncClient, low_water: int = 200, block: int = 1000) -> None:
        """Ask for `block` numbers whenever fewer than `low_water` are left. One per spool, made at its opening."""
        self._spool = spool
        self._client = client
        self._low_water = low_water
        self._block = block
        self._free = deque(spool.unused_case_numbers)
        self._low = asyncio.Event()
        metrics.CASE_NUMBERS_LEFT.set_function(lambda: len(self._free))

    def __len__(self) -> int:
        """How many can be taken."""
        return len(self._free)

    def take(self) -> str | None:
        """The next number, or `None`: none left, the participant hears the number later."""
        if len(self._free) <= self._low_water:
            self._low.set()
        return self._free.popleft() if self._free else None

    def give_back(self, number: str) -> None:
        """Put back a number whose append raised a `KawalError` or was a replay.

        Not after a cancelled append: that one may still have used the number up.
        """
        self._free.append(number)

    async def run(self) -> None:
        """Keep the stock filled until cancelled; while ticket-core is away, ask again and again."""
        backoff = Backoff(first_s=0.2, max_s=30.0)
        while True:
            if len(self._free) >= self._low_water:
                self._low.clear()
                await self._low.wait()
            try:
                await self._refill()
            except (httpx.HTTPError, ValidationError, SpoolUnavailable) as failed:
                waiting_s = backoff.next()
                log.warning("case_numbers_not_leased", error=failed, waiting_s=waiting_s, left=len(self))
                await asyncio.sleep(waiting_s)
            else:
                backoff.reset()

    async def _refill(self) -> None:
        response = await self._client.post(LEASE_PATH, json={"count": self._block})
        numbers = _Lease.model_validate_json(response.raise_for_status().content).numbers
        # Durable before the first can be taken: a crash must not hand a number out that a restart leases again.
        await self._spool.add_case_numbers(numbers)
        self._free.extend(numbers)
        log.info("case_numbers_leased", count=len(numbers), left=len(self))
