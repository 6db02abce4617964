import pytest

from ticket_core.domain.errors import InvalidTag, TooManyTags
from ticket_core.domain.tags import MOST_TAGS, changed, tag_of


class TestTagOf:
    @pytest.mark.parametrize(
        ("written", "kept"), [("VIP", "vip"), (" Gelombang  12 ", "gelombang-12"), ("null", "null")]
    )
    def test_is_kept_in_one_form(self, written: str, kept: str) -> None:
        assert tag_of(written) == kept

    @pytest.mark.parametrize("written", ["", " ", "a,b", 'a"b', "a\\b", "{a}", "-a", "x" * 41])
    def test_what_is_none(self, written: str) -> None:
        with pytest.raises(InvalidTag):
            tag_of(written)


class TestChanged:
    def test_removes_first_and_adds_behind(self) -> None:
        assert changed(("a", "b"), add=["c", "A"], remove=["a", "none"]) == ("b", "c", "a")

    def test_too_many(self) -> None:
        full = tuple(f"tag{place}" for place in range(MOST_TAGS))
        assert changed(full, add=["tag1"], remove=[]) == full
        with pytest.raises(TooManyTags):
            changed(full, add=["one-more"], remove=[])
