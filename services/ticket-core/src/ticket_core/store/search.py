"""From what an agent types to conditions on cases."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, or_, select, union

from kawal.contracts.words import IdentityKind
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber, normalise_email, normalise_phone
from ticket_core.domain.case import identity_key
from ticket_core.store.tables import case_numbers, cases, claims, identities, participants

_DIGITS = re.compile(r"[0-9][0-9 -]{1,11}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{6,20}", re.ASCII)


def matches(typed: str) -> ColumnElement[bool]:
    """Cases that `typed` may mean: by number (or its beginning), e-mail, phone, name, subject or last message."""
    return or_(*_meanings(typed.strip()))


def _meanings(typed: str) -> Iterator[ColumnElement[bool]]:
    yield participants.c.name.icontains(typed, autoescape=True)
    yield cases.c.subject.icontains(typed, autoescape=True)
    yield cases.c.snippet.icontains(typed, autoescape=True)
    if _DIGITS.fullmatch(typed):
        yield _by_number(re.sub(r"[ -]", "", typed))
    if "@" in typed:
        yield from _by_email(typed)
    elif _PHONE.fullmatch(typed):
        yield from _by_phone(typed)


def _by_number(digits: str) -> ColumnElement[bool]:
    return cases.c.id.in_(select(case_numbers.c.case_id).where(case_numbers.c.number.startswith(digits)))


def _by_email(typed: str) -> Iterator[ColumnElement[bool]]:
    try:
        yield _by_identity(identity_key(IdentityKind.EMAIL, normalise_email(typed)))
    except InvalidEmailAddress:
        return


def _by_phone(typed: str) -> Iterator[ColumnElement[bool]]:
    try:
        yield _by_identity(identity_key(IdentityKind.PHONE, normalise_phone(typed)))
    except InvalidPhoneNumber:
        return


def _by_identity(key: bytes) -> ColumnElement[bool]:
    """Cases of whoever has proven this identity, or says that it is his."""
    proven: Any = select(identities.c.participant_id).where(identities.c.key == key)
    claimed: Any = select(claims.c.participant_id).where(claims.c.key == key)
    return cases.c.participant_id.in_(union(proven, claimed))
