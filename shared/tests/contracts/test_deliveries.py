from datetime import UTC, datetime

from kawal.contracts.deliveries import DeliveryState, delivery_adapter, report
from kawal.contracts.envelope import Envelope
from kawal.contracts.outbound import OutboundCall
from kawal.contracts.words import Channel, Locale

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
CALL = OutboundCall(
    delivery_id="delivery-1",
    conversation_id="voice:0123456789",
    case_id="case-1",
    case_number="4829130574",
    case_seq=3,
    locale=Locale.INDONESIAN,
    to="+6281234567890",
    text="Halo",
)


class TestReport:
    def test_travels_as_the_contract_says(self):
        failed = DeliveryState.FAILED
        event = report(CALL, state=failed, channel=Channel.VOICE, source="/voice-ingest", at=NOW, detail="busy")
        envelope = Envelope.from_headers(event.message.headers)
        assert (event.id, envelope.id) == ("delivery-1/failed", "delivery-1/failed")
        assert (envelope.type, envelope.source) == ("kawal.delivery.reported.v1", "/voice-ingest")
        assert (event.message.topic, event.message.key) == ("kawal.deliveries.v1", b"case-1")
        reported = delivery_adapter.validate_json(event.message.value)
        assert (reported.case_seq, reported.state, reported.detail) == (3, failed, "busy")
