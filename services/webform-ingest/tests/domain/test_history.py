import pytest

from kawal.contracts.deliveries import DeliveryState, delivery_adapter
from web_factories import NOW, message
from webform_ingest.domain.history import Entry, History, reports_of


class TestHistory:
    @pytest.mark.parametrize(
        ("reference", "case_number", "number", "joined"),
        [
            (None, None, None, None),
            ("4829130574", None, "4829130574", None),
            (None, "4829130574", "4829130574", None),
            ("4829130574", "4829130574", "4829130574", None),
            ("4829130574", "1234567893", "4829130574", "1234567893"),
        ],
    )
    def test_number_to_show(
        self, reference: str | None, case_number: str | None, number: str | None, joined: str | None
    ) -> None:
        history = History(reference=reference, case_number=case_number)
        assert (history.number, history.joined_number) == (number, joined)

    def test_last_seq(self) -> None:
        assert History().last_seq == 0
        assert History(entries=(Entry(message(1), unread=False), Entry(message(2), unread=True))).last_seq == 2


class TestReportsOf:
    def test_one_for_each_message(self) -> None:
        first, second = reports_of([message(3), message(4)], DeliveryState.READ, now=NOW)
        assert (first.id, second.id) == (f"{message(3).delivery_id}/read", f"{message(4).delivery_id}/read")
        assert delivery_adapter.validate_json(first.message.value).channel == "web"
