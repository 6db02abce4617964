from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal import case_numbers
from ticket_core.domain.numbers import CAPACITY, NumberSpace

indexes = st.integers(min_value=0, max_value=CAPACITY - 1)


class TestNumber:
    def setup_method(self) -> None:
        self.space = NumberSpace("a key")

    @given(indexes)
    def test_is_valid(self, index: int) -> None:
        assert case_numbers.is_valid(NumberSpace("a key").number(index))

    @given(indexes, indexes)
    def test_differs_for_each_index(self, one: int, other: int) -> None:
        space = NumberSpace("a key")
        assert (space.number(one) == space.number(other)) == (one == other)

    def test_never_repeats(self) -> None:
        numbers = list(self.space.numbers(start=0, count=20_000))
        assert len(set(numbers)) == len(numbers)

    def test_depends_on_the_key_only(self) -> None:
        assert self.space.number(7) == NumberSpace("a key").number(7)
        assert self.space.number(7) != NumberSpace("another key").number(7)

    def test_neighbours_say_nothing_of_one_another(self) -> None:
        numbers = [int(number) for number in self.space.numbers(start=0, count=1_000)]
        distances = [abs(one - other) for one, other in pairwise(numbers)]
        assert min(distances) > 1_000
        assert len(set(distances)) == len(distances)

    @pytest.mark.parametrize("index", [-1, CAPACITY])
    def test_outside_the_range(self, index: int) -> None:
        with pytest.raises(IndexError):
            self.space.number(index)
