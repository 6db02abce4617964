import pytest

from kawal.contracts.words import Assurance, Identity, IdentityKind
from kawal.identities import (
    InvalidEmailAddress,
    InvalidPhoneNumber,
    normalise_email,
    normalise_phone,
    routing_key,
)


def identity(kind=IdentityKind.PHONE, value="+6281234567890", assurance=Assurance.POSSESSED):
    return Identity(kind=kind, value=value, assurance=assurance)


class TestNormalisePhone:
    @pytest.mark.parametrize(
        "raw", ["0812 3456 7890", "+62 812-3456-7890", "62-812-3456-7890", "(0812) 34567890", "+6281234567890"]
    )
    def test_one_form(self, raw):
        assert normalise_phone(raw) == "+6281234567890"

    def test_abroad(self):
        assert normalise_phone("+44 20 7946 0958") == "+442079460958"

    @pytest.mark.parametrize("raw", ["", "phone", "08", "+62", "0812345678901234567", "\x00"])
    def test_no_number(self, raw):
        with pytest.raises(InvalidPhoneNumber):
            normalise_phone(raw)


class TestNormaliseEmail:
    def test_one_form(self):
        assert normalise_email(" Siti.Rahma@Example.COM ") == "siti.rahma@example.com"

    @pytest.mark.parametrize(
        "raw",
        [
            *("", "siti", "@example.com", "siti@", "siti@example", "siti@.com", "siti@com.", "a b@c.id", "a\x00@b.id"),
            *("a@b.id\nBcc: c@d.id", "x" * 250 + "@b.id"),
            *("a@b.id,c@d.id", "a,b@c.id", "a;b@c.id", "<a@b.id>", "a(b)@c.id", '"a"@b.id', "a@[127.0.0.1]"),
        ],
    )
    def test_no_address(self, raw):
        with pytest.raises(InvalidEmailAddress):
            normalise_email(raw)


class TestRoutingKey:
    def test_unknown_person(self):
        assert routing_key("chat:12345678", []) == "chat:12345678"

    def test_claim_does_not_count(self):
        assert routing_key("chat:12345678", [identity(assurance=Assurance.CLAIMED)]) == "chat:12345678"

    def test_same_person_on_two_channels(self):
        assert routing_key("chat:12345678", [identity()]) == routing_key("voice:12345678", [identity()])

    def test_strongest_identity_whatever_the_order(self):
        number = identity(IdentityKind.PARTICIPANT_NUMBER, "PK-1")
        keys = {
            routing_key("chat:12345678", identities)
            for identities in ([number], [number, identity()], [identity(), number])
        }
        assert len(keys) == 1

    def test_does_not_show_the_identity(self):
        assert "81234567890" not in routing_key("chat:12345678", [identity()])
