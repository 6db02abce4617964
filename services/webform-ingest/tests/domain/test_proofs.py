from datetime import timedelta

import pytest

from kawal import links
from web_factories import LINK_KEY, NOW
from webform_ingest.domain import proofs
from webform_ingest.domain.proofs import SignIn, StatusPage, SubmissionReceipt

SIGN_IN = SignIn(email="siti@example.com", back_to="/forms/complaint")


class TestSignInToken:
    token = proofs.sign_in_token(SIGN_IN, key=LINK_KEY, now=NOW)

    def test_round_trip(self) -> None:
        assert proofs.read_sign_in_token(self.token, key=LINK_KEY, now=NOW).sign_in == SIGN_IN

    def test_expired(self) -> None:
        with pytest.raises(links.ExpiredLink):
            proofs.read_sign_in_token(self.token, key=LINK_KEY, now=NOW + timedelta(minutes=31))

    def test_is_no_session(self) -> None:
        assert proofs.read_session_cookie(self.token, key=LINK_KEY, now=NOW) is None

    def test_is_no_status_page(self) -> None:
        with pytest.raises(links.InvalidLink):
            proofs.read_status_token(self.token, key=LINK_KEY, now=NOW)


class TestSessionCookie:
    cookie = proofs.session_cookie("siti@example.com", key=LINK_KEY, now=NOW)

    def test_round_trip(self) -> None:
        assert proofs.read_session_cookie(self.cookie, key=LINK_KEY, now=NOW) == "siti@example.com"

    @pytest.mark.parametrize("forged", [None, "", "x", "a.b", "..", cookie[:-2], "é.ü"])
    def test_forged(self, forged: str | None) -> None:
        assert proofs.read_session_cookie(forged, key=LINK_KEY, now=NOW) is None

    def test_expired(self) -> None:
        later = NOW + timedelta(hours=5)
        assert proofs.read_session_cookie(self.cookie, key=LINK_KEY, now=later) is None


class TestStatusToken:
    @pytest.mark.parametrize("routing_key", [None, "p:0123"])
    def test_every_service_can_read_it(self, routing_key: str | None) -> None:
        page = StatusPage(conversation_id="web:0123456789", routing_key=routing_key)
        token = proofs.status_token(page, key=LINK_KEY)
        assert proofs.read_status_token(token, key=LINK_KEY, now=NOW) == page
        assert links.read_status_token(token, key=LINK_KEY, now=NOW) == page.conversation_id

    def test_reads_what_other_services_made(self) -> None:
        token = links.status_token("web:0123456789", key=LINK_KEY)
        assert proofs.read_status_token(token, key=LINK_KEY, now=NOW).routing_key is None


class TestReceiptToken:
    @pytest.mark.parametrize("reference", [None, "4829130574"])
    def test_round_trip(self, reference: str | None) -> None:
        receipt = SubmissionReceipt(status_token="x.y", reference=reference)
        token = proofs.receipt_token(receipt, key=LINK_KEY)
        assert proofs.read_receipt_token(token, key=LINK_KEY, now=NOW) == receipt
