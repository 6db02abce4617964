from datetime import UTC, datetime

import pytest

from kawal.contracts.envelope import Envelope, MalformedEnvelope

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def envelope(**changes):
    attributes = {
        "id": "chat:12345678/1",
        "source": "/chat-ingest",
        "type": "kawal.interaction.message_received.v1",
        "time": datetime(2026, 11, 24, 7, 30, 0, 123456, tzinfo=UTC),
        "partition_key": "chat:12345678",
        "traceparent": TRACEPARENT,
    }
    return Envelope(**attributes | changes)


def headers(**changes):
    return dict(envelope(**changes).message(topic="t", data=b"{}").headers)


class TestMessage:
    def test_binary_mode(self):
        """CloudEvents Kafka binding 1.0.2, 3.2: attributes are headers with the prefix `ce_`."""
        message = envelope().message(topic="t", data=b'{"a":1}')
        assert (message.topic, message.key, message.value) == ("t", b"chat:12345678", b'{"a":1}')
        assert dict(message.headers) == {
            "content-type": b"application/json",
            "ce_specversion": b"1.0",
            "ce_id": b"chat:12345678/1",
            "ce_source": b"/chat-ingest",
            "ce_type": b"kawal.interaction.message_received.v1",
            "ce_time": b"2026-11-24T07:30:00.123456+00:00",
            "ce_partitionkey": b"chat:12345678",
            "traceparent": TRACEPARENT.encode(),
        }

    def test_no_trace(self):
        assert "traceparent" not in headers(traceparent=None)


class TestFromHeaders:
    @pytest.mark.parametrize("original", [envelope(), envelope(traceparent=None), envelope(id="é")])
    def test_round_trip(self, original):
        assert Envelope.from_headers(original.message(topic="t", data=b"").headers) == original

    def test_unknown_header(self):
        assert Envelope.from_headers((headers() | {"ce_new": b"x"}).items()) == envelope()

    @pytest.mark.parametrize("missing", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
    def test_missing(self, missing):
        found = headers()
        del found[missing]
        with pytest.raises(MalformedEnvelope, match=missing):
            Envelope.from_headers(found.items())

    @pytest.mark.parametrize(
        ("name", "value"), [("ce_specversion", b"2.0"), ("ce_time", b"yesterday"), ("ce_id", b"\xff")]
    )
    def test_unreadable(self, name, value):
        with pytest.raises(MalformedEnvelope):
            Envelope.from_headers((headers() | {name: value}).items())
