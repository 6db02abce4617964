from hypothesis import given
from hypothesis import strategies as st

from chat_factories import outbound
from chat_ingest.domain.feed import AHEAD_LIMIT, Feed


def offered(feed: Feed, *seqs: int) -> list[int]:
    return [message.seq for seq in seqs for message in feed.offer(outbound(seq))]


class TestFeed:
    def test_in_order(self) -> None:
        feed = Feed(0)
        assert offered(feed, 1, 2, 3) == [1, 2, 3]
        assert not feed.gap

    def test_goes_on_behind_what_the_reader_has(self) -> None:
        assert offered(Feed(4), 3, 4, 5) == [5]

    def test_gap_is_held_until_it_is_filled(self) -> None:
        feed = Feed(0)
        assert offered(feed, 2, 3) == []
        assert feed.gap
        assert offered(feed, 1) == [1, 2, 3]
        assert not feed.gap

    def test_hold_then_release(self) -> None:
        feed = Feed(0)
        feed.hold(outbound(1))
        feed.hold(outbound(2))
        assert [message.seq for message in feed.release()] == [1, 2]

    def test_is_bounded(self) -> None:
        feed = Feed(0)
        assert offered(feed, *range(2, 2 * AHEAD_LIMIT)) == []
        assert len(offered(feed, 1)) == AHEAD_LIMIT
        assert feed.gap

    @given(st.lists(st.integers(1, 12), max_size=40))
    def test_whatever_order_each_once_without_a_gap(self, seqs: list[int]) -> None:
        feed = Feed(0)
        passed_on = offered(feed, *seqs, *range(1, 13))
        assert passed_on == list(range(1, 13))
