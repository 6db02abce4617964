import tracemalloc

import pytest

from kawal.kafka import ConsumerSettings
from kawal.kafka.poison import ConsumerHalted, PoisonBreaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def settle(under_test: PoisonBreaker, *, good: int, poison: int) -> None:
    under_test.check(good=good, poison=poison)
    under_test.count(good=good, poison=poison)


def breaker(clock: Clock, **settings) -> PoisonBreaker:
    return PoisonBreaker(ConsumerSettings(bootstrap_servers="nowhere:1", **settings), clock=clock)


class TestCheck:
    def test_fifty_in_a_row_halt(self):
        under_test = breaker(Clock())
        for _ in range(49):
            settle(under_test, good=0, poison=1)
        with pytest.raises(ConsumerHalted, match="50 poisoned records in a row"):
            under_test.check(good=0, poison=1)

    def test_a_good_record_ends_the_row(self):
        under_test = breaker(Clock())
        for _ in range(5):
            settle(under_test, good=0, poison=30)
            settle(under_test, good=1, poison=0)

    def test_more_than_a_twentieth_within_a_minute_halts(self):
        clock = Clock()
        under_test = breaker(clock)
        settle(under_test, good=970, poison=30)
        clock.now = 50.0
        with pytest.raises(ConsumerHalted, match="60 of 1040"):
            under_test.check(good=10, poison=30)

    def test_what_is_older_than_a_minute_does_not_count(self):
        clock = Clock()
        under_test = breaker(clock)
        settle(under_test, good=980, poison=45)
        clock.now = 61.0
        settle(under_test, good=980, poison=45)

    def test_a_batch_that_comes_again_counts_once(self):
        under_test = breaker(Clock())
        for _ in range(5):
            under_test.check(good=0, poison=30)

    def test_few_records_have_no_share(self):
        breaker(Clock()).check(good=150, poison=49)

    def test_a_run_is_carried_over_a_restart(self):
        under_test = breaker(Clock())
        under_test.carry_over(30)
        with pytest.raises(ConsumerHalted):
            under_test.check(good=0, poison=20)

    def test_what_was_carried_over_alone_does_not_halt(self):
        under_test = breaker(Clock())
        under_test.carry_over(500)
        under_test.check(good=1, poison=1)


class TestCount:
    def test_good_batches_are_forgotten_too(self):
        """A consumer without poison runs for weeks."""
        clock = Clock()
        under_test = breaker(clock)
        tracemalloc.start()
        for second in range(20_000):
            clock.now = float(second)
            settle(under_test, good=1, poison=0)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert held < 100_000
