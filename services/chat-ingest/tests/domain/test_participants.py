import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chat_factories import AUDIENCE, CONVERSATION, HOST_KEY, identity_token
from chat_ingest.domain.participants import HostSite, OpenSession, open_session
from chat_ingest.domain.refusals import ExpiredIdentityToken, IdentityTokensOff, InvalidIdentityToken
from chat_ingest.domain.sessions import Session
from kawal.contracts.words import Assurance, IdentityKind, Locale
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber

HOST_SITE = HostSite(key=HOST_KEY, audience=AUDIENCE)


def opened(host_site: HostSite | None = HOST_SITE, **fields: Any) -> Session:
    return open_session(OpenSession(**fields), host_site=host_site, conversation_id=CONVERSATION, now=datetime.now(UTC))


def known(session: Session) -> dict[tuple[IdentityKind, str], Assurance]:
    return {(i.kind, i.value): i.assurance for i in session.identities}


def unsigned(**claims: Any) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


class TestOpenSession:
    def test_anonymous(self) -> None:
        session = opened()
        assert session.conversation_id == CONVERSATION
        assert session.identities == ()
        assert session.locale is Locale.INDONESIAN

    def test_typed_is_claimed_and_normalised(self) -> None:
        session = opened(name=" Sari ", phone="0812 3456-7890", email=" Sari@Example.ORG ")
        assert session.name == "Sari"
        assert known(session) == {
            (IdentityKind.PHONE, "+6281234567890"): Assurance.CLAIMED,
            (IdentityKind.EMAIL, "sari@example.org"): Assurance.CLAIMED,
        }
        assert session.routing_key == CONVERSATION

    def test_host_site_vouches(self) -> None:
        session = opened(identity_token=identity_token(), name="Someone else")
        assert session.name == "Sari Wulandari"
        assert known(session) == {
            (IdentityKind.PARTICIPANT_NUMBER, "PRK-77"): Assurance.POSSESSED,
            (IdentityKind.PHONE, "+6281234567890"): Assurance.POSSESSED,
            (IdentityKind.EMAIL, "sari@example.org"): Assurance.POSSESSED,
        }
        assert session.routing_key.startswith("p:")

    def test_typing_adds_nothing_to_what_is_vouched_for(self) -> None:
        session = opened(identity_token=identity_token(), phone="081234567890", email="other@example.org")
        assert known(session)[IdentityKind.PHONE, "+6281234567890"] is Assurance.POSSESSED
        assert known(session)[IdentityKind.EMAIL, "other@example.org"] is Assurance.CLAIMED

    def test_one_token_is_one_conversation(self) -> None:
        first, again = (opened(identity_token=identity_token()) for _ in range(2))
        other = opened(identity_token=identity_token(jti="token-2"))
        somebody = opened(identity_token=identity_token(sub="PRK-78"))
        assert first.conversation_id == again.conversation_id
        assert len({first.conversation_id, other.conversation_id, somebody.conversation_id, CONVERSATION}) == 4

    def test_badly_stored_contact_is_left_out(self) -> None:
        session = opened(identity_token=identity_token(phone_number="12", email="nobody", name=7))
        assert [i.kind for i in session.identities] == [IdentityKind.PARTICIPANT_NUMBER]
        assert session.name is None

    def test_no_host_site(self) -> None:
        with pytest.raises(IdentityTokensOff):
            opened(host_site=None, identity_token=identity_token())

    def test_unreadable_phone(self) -> None:
        with pytest.raises(InvalidPhoneNumber):
            opened(phone="call me")

    def test_unreadable_email(self) -> None:
        with pytest.raises(InvalidEmailAddress):
            opened(email="sari at home")

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": 7},
            {"name": "a\x00b"},
            {"name": "x" * 201},
            {"locale": "fr"},
            {"admin": True},
            {"phone": ["0812"]},
            {"identity_token": {}},
            {"identity_token": "x" * 5_000},
        ],
    )
    def test_wrong_field(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            OpenSession.model_validate_json(json.dumps(fields))


class TestHostSite:
    @pytest.mark.parametrize(
        "token",
        [
            "",
            "not.a.token",
            unsigned(sub="PRK-77", aud=AUDIENCE, exp=4_000_000_000, jti="1"),
            identity_token(key="another-host-key-0123456789012345678"),
            identity_token(algorithm="HS512"),
            identity_token(aud="another-site"),
            identity_token(sub=" "),
            identity_token(sub="x" * 300),
            identity_token(sub="a\x00b"),
            identity_token(nbf=4_000_000_000),
            *(identity_token(without=[claim]) for claim in ("sub", "aud", "exp", "jti")),
        ],
    )
    def test_refused(self, token: str) -> None:
        with pytest.raises(InvalidIdentityToken):
            HOST_SITE.participant(token, now=datetime.now(UTC))

    def test_expired(self) -> None:
        token = identity_token(exp=int((datetime.now(UTC) - timedelta(seconds=1)).timestamp()))
        with pytest.raises(ExpiredIdentityToken):
            HOST_SITE.participant(token, now=datetime.now(UTC))
