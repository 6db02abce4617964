"""Normal forms of what points at a person, so that equal facts are equal strings."""

import hashlib
from collections.abc import Iterable

import phonenumbers

from kawal.contracts.words import Assurance, Identity, IdentityKind
from kawal.errors import KawalError

HOME_REGION = "ID"
MAX_EMAIL_ADDRESS = 254
# What separates addresses, or begins a part of one that is none (RFC 5322): a header would be read as several.
_ADDRESS_SPECIALS = frozenset('@,;:<>()[]\\"')
ROUTING_ORDER = (IdentityKind.PARTICIPANT_NUMBER, IdentityKind.PHONE, IdentityKind.EMAIL)


class InvalidPhoneNumber(KawalError):
    status, code, title = 422, "invalid_phone_number", "This is not a phone number"


class InvalidEmailAddress(KawalError):
    status, code, title = 422, "invalid_email_address", "This is not an e-mail address"


def normalise_phone(raw: str, *, region: str = HOME_REGION) -> str:
    """E.164 of a number as people write it (`0812 3456 7890`, `+62-812…`).

    Raises:
        InvalidPhoneNumber: no possible number of `region` or of the world.
    """
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException as unparsable:
        raise InvalidPhoneNumber("The number cannot be read") from unparsable
    if not phonenumbers.is_possible_number(number):
        raise InvalidPhoneNumber("The number has a wrong length")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_email(raw: str) -> str:
    """The address in lower case without surrounding space. Whether it exists, only a mail to it can tell.

    Raises:
        InvalidEmailAddress: there is no local part, no domain, white space, more than one address, or it is too long
            (RFC 5321: 254).
    """
    address = raw.strip().lower()
    local, _, domain = address.rpartition("@")
    whole = local and "." in domain and not domain.startswith(".") and not domain.endswith(".")
    single = _ADDRESS_SPECIALS.isdisjoint(local + domain) and len(address.split()) == 1 and address.isprintable()
    if not (whole and single) or len(address) > MAX_EMAIL_ADDRESS:
        raise InvalidEmailAddress("The address cannot be read")
    return address


def routing_key(conversation_id: str, identities: Iterable[Identity]) -> str:
    """The Kafka key that keeps a participant's events in order.

    A known person is keyed by the strongest identity (hashed: keys show up in tools), anybody else by
    conversation.
    """
    known = {i.kind: i.value for i in identities if i.assurance is not Assurance.CLAIMED}
    for kind in ROUTING_ORDER:
        if kind in known:
            return "p:" + hashlib.sha256(f"{kind}:{known[kind]}".encode()).hexdigest()[:32]
    return conversation_id
