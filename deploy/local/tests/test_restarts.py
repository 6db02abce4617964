"""When a program that died is started again."""

from kawal_local.restarts import LONGEST_S, STEADY_AFTER_S, Restarts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def delay_after(restarts: Restarts, clock: Clock, *, lived_s: float) -> float:
    restarts.started()
    clock.now += lived_s
    return restarts.delay_s()


class TestDelay:
    def test_grows_while_it_dies_young(self):
        clock = Clock()
        restarts = Restarts(clock)
        delays = [delay_after(restarts, clock, lived_s=1) for _ in range(5)]
        assert delays == [0, 0.5, 1, 2, 4]

    def test_is_bounded(self):
        clock = Clock()
        restarts = Restarts(clock)
        assert max(delay_after(restarts, clock, lived_s=0) for _ in range(5_000)) == LONGEST_S

    def test_starts_over_after_a_good_life(self):
        clock = Clock()
        restarts = Restarts(clock)
        for _ in range(5):
            delay_after(restarts, clock, lived_s=1)
        assert delay_after(restarts, clock, lived_s=STEADY_AFTER_S) == 0
        assert delay_after(restarts, clock, lived_s=1) == 0
