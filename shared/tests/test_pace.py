from kawal.pace import LONGEST_S, Pace


class TestPace:
    def test_a_first_batch_need_not_wait(self) -> None:
        assert Pace(least_s=0.01).early_s(5.0) <= 0

    def test_nobody_waits_after_a_rest(self) -> None:
        pace = Pace(least_s=0.01)
        pace.begin(1.0)
        pace.end(1.005)
        assert pace.early_s(2.0) <= 0

    def test_short_batches_are_the_least_apart(self) -> None:
        pace = Pace(least_s=0.01)
        pace.begin(1.0)
        pace.end(1.001)
        assert round(pace.early_s(1.001), 6) == 0.009

    def test_batches_take_a_quarter_of_the_time(self) -> None:
        pace = Pace(least_s=0.01)
        pace.begin(1.0)
        pace.end(1.010)
        assert round(pace.early_s(1.010), 6) == 0.030

    def test_slow_batches_are_not_put_off_for_long(self) -> None:
        pace = Pace(least_s=0.01)
        pace.begin(1.0)
        pace.end(1.080)
        assert round(pace.early_s(1.080), 6) == round(LONGEST_S - 0.080, 6)

    def test_a_batch_that_took_longer_than_any_pause_is_followed_at_once(self) -> None:
        pace = Pace(least_s=0.01)
        pace.begin(1.0)
        pace.end(3.0)
        assert pace.early_s(3.0) <= 0
