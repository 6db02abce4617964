import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal.case_numbers import check_digit, display, is_valid, parse

numbers = st.from_regex(r"[0-9]{9}", fullmatch=True).map(lambda digits: digits + check_digit(digits))


class TestCheckDigit:
    def test_published_example(self):
        """From the article on the Damm algorithm: 572 has the check digit 4."""
        assert check_digit("572") == "4"

    @given(numbers, st.integers(0, 9), st.integers(1, 9))
    def test_any_wrong_digit_is_noticed(self, number, place, shift):
        wrong = str((int(number[place]) + shift) % 10)
        assert not is_valid(number[:place] + wrong + number[place + 1 :])

    @given(numbers, st.integers(0, 8))
    def test_any_swap_of_neighbours_is_noticed(self, number, place):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert swapped == number or not is_valid(swapped)


class TestIsValid:
    @given(numbers)
    def test_with_its_check_digit(self, number):
        assert is_valid(number)

    @pytest.mark.parametrize("number", ["", "0", "0" * 11, "abcdefghij", "\u0660" * 10, "\u00b2" * 10, " 000000000"])
    def test_not_ten_digits(self, number):
        assert not is_valid(number)


class TestParse:
    @given(numbers)
    def test_as_it_is_shown(self, number):
        assert parse(display(number)) == number

    @pytest.mark.parametrize("written", [" 000 000 0000 ", "000-000-0000", "0000000000", "000\u2009000\u20090000"])
    def test_as_people_write(self, written):
        assert parse(written) == "0000000000"

    @pytest.mark.parametrize("written", ["", "000-000-0001", "case 000-000-0000"])
    def test_not_a_number(self, written):
        assert parse(written) is None


class TestDisplay:
    def test_in_groups(self):
        assert display("4829130574") == "482-913-0574"
