import pytest

from kawal.contracts.deliveries import DeliveryState, delivery_adapter
from kawal.contracts.envelope import Envelope
from web_factories import NOW, message
from webform_ingest.domain.history import Entry, History, delivery_reported


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


class TestDeliveryReported:
    def test_has_an_id_of_its_own_for_each_state(self) -> None:
        sent = delivery_reported(message(3), DeliveryState.SENT, now=NOW)
        read = delivery_reported(message(3), DeliveryState.READ, now=NOW)
        assert sent.event_id == f"{message(3).delivery_id}/sent"
        assert read.event_id == f"{message(3).delivery_id}/read"

    def test_travels_as_the_contract_says(self) -> None:
        sent = delivery_reported(message(3), DeliveryState.SENT, now=NOW)
        envelope = Envelope.from_headers(sent.message.headers)
        assert (envelope.type, envelope.partition_key) == ("kawal.delivery.reported.v1", message(3).case_id)
        report = delivery_adapter.validate_json(sent.message.value)
        assert (report.case_seq, report.state, report.channel) == (13, DeliveryState.SENT, "web")
