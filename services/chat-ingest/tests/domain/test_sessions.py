from datetime import timedelta

import pytest

from chat_factories import NOW, SESSION_KEY, session
from chat_ingest.domain.refusals import ExpiredSession, InvalidSession
from chat_ingest.domain.sessions import SessionTokens
from kawal import links
from kawal.contracts.words import Assurance, Identity, IdentityKind, Locale

TOKENS = SessionTokens(SESSION_KEY, timedelta(days=1))
PHONE = Identity(kind=IdentityKind.PHONE, value="+6281234567890", assurance=Assurance.CLAIMED)


class TestSessionTokens:
    def test_carries_the_session(self) -> None:
        opened = session(name="Sari", locale=Locale.ENGLISH, identities=(PHONE,))
        assert TOKENS.read(TOKENS.issue(opened, now=NOW), now=NOW) == opened

    def test_carries_an_anonymous_one(self) -> None:
        assert TOKENS.read(TOKENS.issue(session(), now=NOW), now=NOW) == session()

    def test_expires(self) -> None:
        token = TOKENS.issue(session(), now=NOW)
        assert TOKENS.read(token, now=NOW + timedelta(hours=23))
        with pytest.raises(ExpiredSession):
            TOKENS.read(token, now=NOW + timedelta(hours=25))

    @pytest.mark.parametrize("token", ["", ".", "a.b", "a", "a.b.c", "é.é", "x" * 9_000])
    def test_not_a_token(self, token: str) -> None:
        with pytest.raises(InvalidSession):
            TOKENS.read(token, now=NOW)

    def test_forged(self) -> None:
        other = SessionTokens("another-key-0123456789012345678901", timedelta(days=1))
        with pytest.raises(InvalidSession):
            TOKENS.read(other.issue(session(), now=NOW), now=NOW)

    def test_tampered(self) -> None:
        payload, mac = TOKENS.issue(session(), now=NOW).split(".")
        with pytest.raises(InvalidSession):
            TOKENS.read(f"{payload[:-2]}AA.{mac}", now=NOW)

    def test_made_for_another_purpose(self) -> None:
        with pytest.raises(InvalidSession):
            TOKENS.read(links.sign({"c": "x"}, key=SESSION_KEY, purpose="status"), now=NOW)
