from typing import Any

import pytest

from core_factories import PROGRAMME
from ticket_core.domain.errors import FieldNotForTopic, InvalidFieldValue, UnknownField
from ticket_core.domain.fields import LARGEST_NUMBER, TEXT_LENGTH, checked

FIT: list[tuple[str, Any]] = [
    ("amount", 0),
    ("amount", -1.5),
    ("amount", LARGEST_NUMBER),
    ("sure", True),
    ("sure", False),
    ("day", "2026-02-28"),
    ("remark", "x" * TEXT_LENGTH),
    ("bank", "ovo"),
]
DO_NOT_FIT: list[tuple[str, Any]] = [
    ("amount", "12"),
    ("amount", True),
    ("amount", float("nan")),
    ("amount", float("inf")),
    ("amount", LARGEST_NUMBER + 1),
    ("amount", 10**310),
    ("sure", 1),
    ("sure", "yes"),
    ("day", "2026-02-29"),
    ("day", "20260228"),
    ("day", "2026-W09-6"),
    ("day", 20260228),
    ("remark", ""),
    ("remark", 1),
    ("remark", "x" * (TEXT_LENGTH + 1)),
    ("bank", "bca"),
    ("bank", ""),
]


def check(values: dict[str, Any], *, topic: str | None = None) -> dict[str, Any]:
    return checked(values, rules=PROGRAMME.fields, topic=topic)


class TestChecked:
    @pytest.mark.parametrize(("key", "value"), FIT)
    def test_a_value_of_its_kind(self, key: str, value: Any) -> None:
        assert check({key: value}) == {key: value}

    @pytest.mark.parametrize(("key", "value"), DO_NOT_FIT)
    def test_a_value_of_another_kind(self, key: str, value: Any) -> None:
        with pytest.raises(InvalidFieldValue, match=key):
            check({key: value})

    def test_an_unknown_field(self) -> None:
        with pytest.raises(UnknownField):
            check({"colour": "red"})

    @pytest.mark.parametrize("topic", ["training.cannot_buy", "account.fraud"])
    def test_a_field_of_the_topic_or_its_group(self, topic: str) -> None:
        assert check({"voucher": "A1"}, topic=topic) == {"voucher": "A1"}

    @pytest.mark.parametrize("topic", [None, "account.other", "account", "trainings.other"])
    def test_a_field_of_other_topics(self, topic: str | None) -> None:
        with pytest.raises(FieldNotForTopic):
            check({"voucher": "A1"}, topic=topic)

    def test_anything_can_be_taken_away(self) -> None:
        assert check({"voucher": None, "no_longer_there": None}) == {"voucher": None, "no_longer_there": None}
