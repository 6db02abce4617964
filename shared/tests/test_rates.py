import pytest

from kawal.rates import Bucket, Buckets, Rate

RATE = Rate(per_s=2, burst=3)


class TestParse:
    def test_so_many_in_so_many_seconds(self) -> None:
        assert Rate.parse("30/900") == Rate(per_s=30 / 900, burst=30)

    @pytest.mark.parametrize(
        "written", ["", "30", "30/", "a/b", "0/60", "-1/60", "30/-60", "30/0", "nan/60", "30/60/2"]
    )
    def test_what_lets_nothing_through_or_everything(self, written: str) -> None:
        with pytest.raises(ValueError, match="30/900"):
            Rate.parse(written)


class TestBucket:
    def test_burst_then_rate(self) -> None:
        bucket = Bucket(RATE, now=100)
        assert [bucket.take(now=100) for _ in range(4)] == [True, True, True, False]
        assert not bucket.take(now=100.4)
        assert bucket.take(now=100.5)
        assert not bucket.take(now=100.5)

    def test_never_holds_more_than_the_burst(self) -> None:
        bucket = Bucket(RATE, now=0)
        assert [bucket.take(now=1_000) for _ in range(4)] == [True, True, True, False]

    def test_gets_back_what_was_taken_for_nothing(self) -> None:
        bucket = Bucket(RATE, now=0)
        assert all(bucket.take(now=0) for _ in range(3))
        bucket.give_back()
        assert [bucket.take(now=0) for _ in range(2)] == [True, False]

    def test_tells_when_the_next_is_there(self) -> None:
        bucket = Bucket(Rate(per_s=0.25, burst=1), now=0)
        assert bucket.take(now=0)
        assert not bucket.take(now=1)
        assert bucket.wait_s() == 3
        assert not bucket.take(now=3.9)
        assert bucket.wait_s() == 1


class TestBuckets:
    def test_one_for_each_key(self) -> None:
        buckets = Buckets(Rate(per_s=1, burst=1), limit=10)
        assert buckets.take("a", now=0)
        assert not buckets.take("a", now=0)
        assert buckets.take("b", now=0)

    def test_gets_back_what_was_taken_for_nothing(self) -> None:
        buckets = Buckets(Rate(per_s=1, burst=1))
        assert buckets.take("a", now=0)
        buckets.give_back("a")
        buckets.give_back("never-seen")
        assert buckets.take("a", now=0)

    def test_forgets_the_oldest(self) -> None:
        buckets = Buckets(Rate(per_s=1, burst=1), limit=2)
        assert all(buckets.take(key, now=0) for key in "abc")
        assert buckets.take("a", now=0)
        assert not buckets.take("c", now=0)
