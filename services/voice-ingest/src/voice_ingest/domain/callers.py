"""Who calls, as far as the network says: caller id can be faked, hidden, or a line that takes no texts."""

import phonenumbers

from kawal.contracts.words import Assurance, Identity, IdentityKind
from kawal.identities import InvalidPhoneNumber, normalise_phone
from voice_ingest.domain.machine import Caller

# Twilio puts these keypad spellings of "anonymous", "restricted" and "unavailable" where a number is hidden.
HIDDEN = frozenset({"+266696687", "+7378742833", "+86282452253", "+256"})
_NO_TEXTS = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
    }
)


def caller_number(raw: str) -> str | None:
    """E.164 of the calling number, or `None` when it is hidden or not a telephone's."""
    if raw in HIDDEN:
        return None
    try:
        return normalise_phone(raw)
    except InvalidPhoneNumber:
        return None


def reach(number: str | None) -> Caller:
    if number is None:
        return Caller.HIDDEN
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return Caller.CALLABLE if kind in _NO_TEXTS else Caller.TEXTABLE


def identities(number: str | None, *, proven: bool) -> tuple[Identity, ...]:
    """Caller id is a claim; a code that was texted to the number and keyed in makes it possessed."""
    if number is None:
        return ()
    assurance = Assurance.POSSESSED if proven else Assurance.CLAIMED
    return (Identity(kind=IdentityKind.PHONE, value=number, assurance=assurance),)
