import asyncio
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from kawal.case_numbers import check_digit
from kawal.case_numbers.leases import LeasedNumbers, lease_client
from kawal.spool import SpoolUnavailable
from kawal.testing import eventually
from spool_factories import message, opened


class TicketCore:
    """Stands in for ticket-core's lease endpoint; `answers` holds what it says before it behaves."""

    def __init__(self, *answers: httpx.Response | httpx.HTTPError) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.next = 100_000_000

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, httpx.HTTPError):
                raise answer
            return answer
        count = int(request.content.split(b":")[1].strip(b" }"))
        numbers = [f"{n}{check_digit(str(n))}" for n in range(self.next, self.next + count)]
        self.next += count
        return httpx.Response(201, json={"numbers": numbers})


@asynccontextmanager
async def leasing(spool, core, *, low_water=2, block=5):
    async with httpx.AsyncClient(transport=httpx.MockTransport(core), base_url="http://core") as client:
        numbers = LeasedNumbers(spool, client=client, low_water=low_water, block=block)
        task = asyncio.create_task(numbers.run())
        try:
            yield numbers
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def path(tmp_path):
    return tmp_path / "edge.sqlite3"


@pytest.fixture
async def spool(path):
    async with opened(path) as spool:
        yield spool


class TestTake:
    async def test_each_once(self, spool):
        async with leasing(spool, TicketCore()) as numbers:
            await eventually(lambda: len(numbers) == 5)
            taken = [numbers.take() for _ in range(5)]
        assert len(set(taken)) == 5

    async def test_none_left(self, spool):
        async with leasing(spool, TicketCore(httpx.ConnectError("away"))) as numbers:
            assert numbers.take() is None

    async def test_can_be_appended(self, spool):
        async with leasing(spool, TicketCore()) as numbers:
            await eventually(lambda: len(numbers))
            await spool.append(message(), event_id="a", case_number=numbers.take())

    async def test_taken_but_not_appended_is_back_after_a_restart(self, path):
        core = TicketCore()
        async with opened(path) as spool, leasing(spool, core) as numbers:
            await eventually(lambda: len(numbers))
            used, lost = numbers.take(), numbers.take()
            await spool.append(message(), event_id="a", case_number=used)
        async with opened(path) as spool, leasing(spool, core) as numbers:
            left = {numbers.take() for _ in range(4)}
        assert lost in left
        assert used not in left


class TestGiveBack:
    async def test_failed_append(self, spool):
        async with leasing(spool, TicketCore(), low_water=0) as numbers:
            await spool.add_case_numbers(["1"])
            numbers.give_back("1")
            number = numbers.take()
            spool._closed = True
            with pytest.raises(SpoolUnavailable):
                await spool.append(message(), event_id="a", case_number=number)
            spool._closed = False
            numbers.give_back(number)
            await spool.append(message(), event_id="a", case_number=numbers.take())


class TestRun:
    async def test_refills_below_low_water(self, spool):
        core = TicketCore()
        async with leasing(spool, core) as numbers:
            await eventually(lambda: len(numbers) == 5)
            for _ in range(3):
                numbers.take()
            assert len(core.requests) == 1
            numbers.take()
            await eventually(lambda: len(numbers) == 6)
            assert len(core.requests) == 2

    async def test_enough_from_before_the_restart(self, path):
        core = TicketCore()
        async with opened(path) as spool, leasing(spool, core) as numbers:
            await eventually(lambda: len(numbers))
        async with opened(path) as spool, leasing(spool, core) as numbers:
            assert len(numbers) == 5
        assert len(core.requests) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.ConnectError("away"),
            httpx.ReadTimeout("slow"),
            httpx.Response(503),
            httpx.Response(401),
            httpx.Response(201, content=b"{"),
            httpx.Response(201, json={"numbers": ["1234567890"]}),
            httpx.Response(201, json={"numbers": []}),
        ],
    )
    async def test_keeps_trying(self, spool, answer):
        core = TicketCore(answer)
        async with leasing(spool, core) as numbers:
            await eventually(lambda: len(numbers) == 5)
        assert len(core.requests) == 2


class TestLeaseClient:
    async def test_bearer(self):
        async with lease_client(ticket_core_url="http://core:8104", service_token="secret") as client:
            request = client.build_request("POST", "/v1/case-numbers/leases")
        assert request.url == "http://core:8104/v1/case-numbers/leases"
        assert request.headers["Authorization"] == "Bearer secret"
