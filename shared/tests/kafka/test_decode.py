from dataclasses import dataclass, field

import pytest
from pydantic import ValidationError

from kawal.contracts.deliveries import delivery_adapter
from kawal.contracts.interactions import interaction_adapter
from kawal.kafka import decoder, headers
from kawal.kafka.decode import arrival, reason_of
from kawal.kafka.masking import masked, revealed

READ = b"""{"kind": "messages_read", "seq": 3, "conversation_id": "chat:abcdefgh", "channel": "chat",
    "occurred_at": "2026-11-24T07:00:00Z", "locale": "id"%s}"""


@dataclass
class Raw:
    value: bytes | None = READ % b""
    topic: str = "events"
    partition: int = 0
    offset: int = 7
    timestamp: int = 0
    key: bytes | None = b"key"
    headers: list[tuple[str, bytes]] = field(
        default_factory=lambda: [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"1"),
            ("ce_source", b"/chat"),
            ("ce_type", b"kawal.interaction.messages_read.v1"),
            ("ce_time", b"2026-11-24T07:00:00+00:00"),
            ("ce_partitionkey", b"key"),
        ]
    )

    def plus(self, *more: tuple[str, bytes]) -> "Raw":
        self.headers += more
        return self


def arrive(raw: Raw):
    return arrival(raw, group="ticket-core", decode=decoder(interaction_adapter))


class TestDecoder:
    def test_ignores_a_field_of_the_next_version(self):
        assert decoder(interaction_adapter)(READ % b', "mood": "new"').seq == 3

    def test_a_kind_of_the_next_version_is_none(self):
        assert decoder(interaction_adapter)((READ % b"").replace(b"messages_read", b"gesture_made")) is None

    def test_what_is_wrong_is_an_error(self):
        with pytest.raises(ValidationError):
            decoder(interaction_adapter)((READ % b"").replace(b": 3", b": 0"))
        with pytest.raises(ValidationError):
            decoder(delivery_adapter)(b"{}")


class TestArrival:
    def test_a_record_has_its_envelope_and_data(self):
        record = arrive(Raw()).record
        assert (record.envelope.id, record.data.seq, record.key) == ("1", 3, b"key")

    def test_an_unknown_type_is_nothing(self):
        assert arrive(Raw((READ % b"").replace(b"messages_read", b"gesture_made"))) is None

    def test_a_replay_for_another_group_is_nothing(self):
        assert arrive(Raw().plus((headers.REPLAY_GROUP, b"notifier"))) is None

    def test_a_replay_for_this_group_knows_where_it_comes_from(self):
        found = arrive(Raw().plus((headers.REPLAY_GROUP, b"ticket-core"), (headers.REPLAYED_FROM, b"4")))
        assert (found.replayed_from, found.record.data.seq) == (4, 3)

    def test_a_mark_is_no_event(self):
        found = arrive(Raw(value=b"").plus((headers.REPLAY_GROUP, b"ticket-core"), (headers.UNPARK_THROUGH, b"9")))
        assert (found.unpark_through, found.record, found.fault) == (9, None, None)

    @pytest.mark.parametrize("name", [headers.UNPARK_THROUGH, headers.REPLAYED_FROM])
    def test_a_mark_that_cannot_be_read_is_a_fault(self, name):
        assert arrive(Raw().plus((name, b"x"))).fault == "ValueError"

    @pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b"{}"])
    def test_what_cannot_be_decoded_is_a_fault(self, value):
        assert arrive(Raw(value=value)).fault.startswith("invalid data")

    def test_a_missing_envelope_is_a_fault(self):
        raw = Raw()
        raw.headers = []
        assert arrive(raw).fault == "malformed envelope"


class TestReasonOf:
    def test_says_where_and_what_but_no_content(self):
        secret = (READ % b"").replace(b'"chat:abcdefgh"', b'"0812-secret"')
        with pytest.raises(ValidationError) as caught:
            decoder(interaction_adapter)(secret)
        reason = reason_of(caught.value)
        assert "conversation_id" in reason
        assert "secret" not in reason

    def test_of_any_other_error_it_is_the_class(self):
        assert reason_of(KeyError("0812-secret")) == "KeyError"


class TestMasked:
    def test_shows_structure_and_known_words_only(self):
        shown = masked(b'{"kind": "x", "text": "Ibu Sri", "identities": [{"value": "0812", "assurance": "claimed"}]}')
        assert "Sri" not in shown
        assert "0812" not in shown
        assert '"kind": "x"' in shown
        assert '"assurance": "claimed"' in shown

    def test_numbers_are_masked_too(self):
        assert "3171" not in masked(b'{"nik": 3171234567890001}')

    def test_what_is_no_json_is_only_measured(self):
        assert masked(b"Ibu Sri") == "(7 bytes that are not JSON)"

    def test_a_known_name_does_not_reveal_what_lies_below_it(self):
        assert "Sri" not in masked(b'{"detail": {"name": "Ibu Sri"}}')


class TestRevealed:
    def test_shows_all(self):
        assert "Ibu Sri" in revealed(b'{"text": "Ibu Sri"}')
        assert revealed(b"\xff") == "\\xff"
