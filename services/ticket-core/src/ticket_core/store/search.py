"""From what an agent types to conditions on cases."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union

from kawal.case_numbers import parse
from kawal.contracts.words import IdentityKind
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber, normalise_email, normalise_phone
from ticket_core.domain.case import identity_key
from ticket_core.store.tables import case_numbers, cases, claims, identities, participants

_DIGITS = re.compile(r"[0-9][0-9 -]{1,11}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{6,20}", re.ASCII)

Ids = Select[Any]
MOST_ALIKE = 1_000
"""So many numbers with the same beginning are looked at."""


def matches(typed: str) -> ColumnElement[bool]:
    """Cases that `typed` may mean: by number (or its beginning), e-mail, phone, or words in name, subject, snippet."""
    wanted = typed.strip()
    ids = list(_by_number(wanted)) or [*_by_beginning(wanted), *_by_email(wanted), *_by_phone(wanted)]
    return cases.c.id.in_(union(*ids)) if ids else _by_words(wanted)


def _by_words(typed: str) -> ColumnElement[bool]:
    columns = (participants.c.name, cases.c.subject, cases.c.snippet)
    return or_(*(column.icontains(typed, autoescape=True) for column in columns))


def _by_number(typed: str) -> Iterator[Ids]:
    if number := parse(typed):
        yield select(case_numbers.c.case_id).where(case_numbers.c.number == number)


def _by_beginning(typed: str) -> Iterator[Ids]:
    if _DIGITS.fullmatch(typed):
        digits = re.sub(r"[ -]", "", typed)
        yield select(case_numbers.c.case_id).where(case_numbers.c.number.startswith(digits)).limit(MOST_ALIKE)


def _by_email(typed: str) -> Iterator[Ids]:
    if "@" in typed:
        with suppress(InvalidEmailAddress):
            yield _by_identity(identity_key(IdentityKind.EMAIL, normalise_email(typed)))


def _by_phone(typed: str) -> Iterator[Ids]:
    if _PHONE.fullmatch(typed):
        with suppress(InvalidPhoneNumber):
            yield _by_identity(identity_key(IdentityKind.PHONE, normalise_phone(typed)))


def _by_identity(key: bytes) -> Ids:
    """Cases of whoever has proven this identity, or says that it is his."""
    proven = select(identities.c.participant_id).where(identities.c.key == key)
    claimed = select(claims.c.participant_id).where(claims.c.key == key)
    return select(cases.c.id).where(cases.c.participant_id.in_(union(proven, claimed)))
