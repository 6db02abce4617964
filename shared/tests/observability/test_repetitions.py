from kawal.observability.repetitions import QUIET_S, Repetitions

HERE, THERE = ("client.py", 435), ("fetcher.py", 749)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestLeftOut:
    def test_first_line_is_written(self):
        assert Repetitions().left_out(HERE) == 0

    def test_repetitions_are_counted_and_told_later(self):
        clock = Clock()
        repetitions = Repetitions(clock=clock)
        assert [repetitions.left_out(HERE) for _ in range(4)] == [0, None, None, None]
        clock.now += QUIET_S
        assert [repetitions.left_out(HERE) for _ in range(2)] == [3, None]

    def test_places_do_not_silence_one_another(self):
        repetitions = Repetitions()
        assert [repetitions.left_out(place) for place in (HERE, THERE)] == [0, 0]
