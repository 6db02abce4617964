from kawal_bench.costs import Meter
from kawal_bench.load import closed_loop, open_loop, quantile


class TestQuantile:
    def test_nearest_rank(self):
        ordered = list(range(1, 101))

        assert quantile(ordered, 0.5) == 51
        assert quantile(ordered, 0.99) == 100
        assert quantile(ordered, 1) == 100

    def test_single_value(self):
        assert quantile([7.0], 0.99) == 7.0


class TestClosedLoop:
    async def test_counts_what_was_answered(self):
        asked = 0

        async def request() -> None:
            nonlocal asked
            asked += 1

        measured = await closed_loop([request], seconds=0.01, warm_up_s=0, meter=Meter(dict))

        assert 0 < measured.count <= asked
        assert list(measured.latencies) == sorted(measured.latencies)


class TestOpenLoop:
    async def test_every_turn_once(self):
        turns: list[int] = []

        async def request(turn: int) -> None:
            turns.append(turn)

        await open_loop(request, per_second=10_000, count=20)

        assert sorted(turns) == list(range(20))
