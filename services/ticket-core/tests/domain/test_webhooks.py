import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from core_factories import NOW
from ticket_core.domain.webhooks import Told, document, event_id, pause_s, secret_of, signed

CASE = "0198f2c0-5a1e-7c3d-9b1f-2f6f0a1b2c3d"
SECRET = secret_of(bytes(range(32)))


def told(**changes: Any) -> Told:
    entry: dict[str, Any] = {
        "case_id": CASE,
        "case_number": "4829130574",
        "seq": 7,
        "kind": "assigned",
        "at": NOW,
        "author": "agent",
        "author_id": None,
        "channel": None,
        "state": None,
        "about": None,
        "payload": {"assignee_id": "b1", "assignee_name": "Budi"},
    }
    return Told(**entry | changes)


class TestSigned:
    def test_is_what_the_library_of_the_standard_takes(self) -> None:
        body, now = document(told()), datetime.now(UTC)
        headers = signed(body, message_id=event_id(CASE, 7), secrets=[SECRET], now=now)
        Webhook(SECRET).verify(body, headers)
        for changed in (body + b" ", body.replace(b"7", b"8", 1)):
            with pytest.raises(WebhookVerificationError):
                Webhook(SECRET).verify(changed, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret_of(bytes(32))).verify(body, headers)

    def test_one_of_several_secrets_is_enough(self) -> None:
        body, now, other = document(told()), datetime.now(UTC), secret_of(bytes(32))
        headers = signed(body, message_id=event_id(CASE, 7), secrets=[other, SECRET], now=now)
        for secret in (other, SECRET):
            Webhook(secret).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret_of(b"x" * 32)).verify(body, headers)

    def test_no_part_of_what_is_signed_holds_a_dot(self) -> None:
        assert "." not in event_id(CASE, 7)


class TestDocument:
    def test_says_what_happened_to_which_case(self) -> None:
        message = json.loads(document(told()))
        assert (message["type"], message["timestamp"]) == ("case.assigned", NOW.isoformat())
        assert (message["data"]["case_number"], message["data"]["seq"]) == ("4829130574", 7)
        assert message["data"]["details"] == {"assignee_id": "b1"}

    def test_never_says_what_somebody_wrote(self) -> None:
        written = document(told(kind="form", payload={"form": "f", "answers": [{"value": "Siti Rahma"}]}))
        assert b"Siti" not in written

    def test_is_the_same_each_time(self) -> None:
        assert document(told()) == document(told())


class TestPause:
    def test_grows_and_has_an_end(self) -> None:
        pauses = [pause_s(failures, chance=0.5) for failures in range(1, 20)]
        assert pauses == sorted(pauses)
        assert (pauses[0], pauses[-1]) == (5.0, 10_800.0)

    def test_is_spread(self) -> None:
        assert (pause_s(1, chance=0.0), pause_s(1, chance=1.0)) == pytest.approx((4.0, 6.0))
