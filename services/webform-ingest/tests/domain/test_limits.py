from datetime import timedelta

from web_factories import NOW
from webform_ingest.domain.limits import RateLimit

MINUTE = timedelta(minutes=1)


class TestAllows:
    def test_so_many_in_the_window(self) -> None:
        limit = RateLimit(most=2, within=MINUTE)
        assert [limit.allows("a", now=NOW) for _ in range(3)] == [True, True, False]

    def test_each_key_for_itself(self) -> None:
        limit = RateLimit(most=1, within=MINUTE)
        assert limit.allows("a", now=NOW)
        assert limit.allows("b", now=NOW)

    def test_after_the_window(self) -> None:
        limit = RateLimit(most=1, within=MINUTE)
        assert limit.allows("a", now=NOW)
        assert not limit.allows("a", now=NOW + MINUTE / 2)
        assert limit.allows("a", now=NOW + MINUTE)

    def test_keys_are_bounded(self) -> None:
        limit = RateLimit(most=1, within=MINUTE, max_keys=2)
        for key in ("a", "b", "c"):
            assert limit.allows(key, now=NOW)
        assert limit.allows("a", now=NOW)
        assert not limit.allows("c", now=NOW)
