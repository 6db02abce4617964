"""From what an agent types to conditions on cases.

A number means its case. Anything else is looked for in numbers' beginnings, addresses, names and words, as far as it
can be one; which conditions are asked when, says `searching`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG, TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.case_numbers import parse
from kawal.contracts.words import IdentityKind
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber, normalise_email, normalise_phone
from ticket_core.domain.case import identity_key
from ticket_core.store.tables import case_numbers, case_search, cases, claims, identities

_DIGITS = re.compile(r"[0-9][0-9 -]{1,11}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{6,20}", re.ASCII)
_SOME_OF_A_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{3,20}", re.ASCII)
_NAME = re.compile(r"[^\d@_]{3,60}")
_LAST_WORD = re.compile(r"(?:^|\s)(\w{3,40})$")

Ids = Select[Any]

LANGUAGES: tuple[ColumnElement[Any], ...] = tuple(
    literal_column(f"'core.{language}'::regconfig", REGCONFIG) for language in ("indonesian", "english")
)


class Reach(IntEnum):
    """How far a search goes. A page that is not full is asked for again with the next; its cursor keeps to what it has.

    Numbers, addresses and whole words; then beginnings of words, and parts of names and addresses; then similar names.
    """

    WHOLE = 0
    PARTS = 1
    SIMILAR = 2


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, without spaces around it, as PostgreSQL understands it.

    `query` are its words, as a tsquery is written; empty where they mean nothing, as "dan" and "and" do. `others` are
    the cases that are meant by something else than their words; `None` where they are too many to name.
    """

    text: str
    query: str
    others: tuple[str, ...] | None
    reach: Reach

    @property
    def number(self) -> str | None:
        """The complete case number that it is."""
        return parse(self.text)

    @property
    def is_rare(self) -> bool:
        """Numbers and addresses, which few cases have."""
        return _is_rare(self.text)

    def said(self, *, marked: str | None = None) -> Ids:
        """Cases in whose documents the words are; only documents with a mark that the tsquery `marked` asks for."""
        return select(case_search.c.case_id).where(self._said(marked=marked))

    def means(self, case_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a case is meant, asked of each on its own."""
        document = [self._said()]
        if self.others is None:
            document += _in_who(self.text, reach=self.reach)
        of_case = select(or_(*document)).where(case_search.c.case_id == case_id).scalar_subquery()
        if self.others is not None:
            return or_(case_id == any_(uuids(self.others)), of_case)
        keys = list(_by_keys(self.text))
        return or_(case_id.in_(union(*keys)), of_case) if keys else of_case

    def _said(self, *, marked: str | None = None) -> ColumnElement[bool]:
        if not self.query:
            return false()
        query = self.query if marked is None else f"({marked}) & ({self.query})"
        return case_search.c.words.op("@@", is_comparison=True)(cast(literal(query, Text), TSQUERY))


def reaches(text: str) -> Iterator[Reach]:
    """How far to search for `text`, one after the other."""
    if parse(text):
        return iter((Reach.WHOLE,))
    return iter((Reach.PARTS, Reach.SIMILAR) if _is_rare(text) else Reach)


def _is_rare(text: str) -> bool:
    return "@" in text or any(map(str.isdigit, text))


async def understood(connection: AsyncConnection, text: str, *, reach: Reach, most: int) -> Typed:
    """What `text` means. `others` are named up to `most`."""
    if parse(text):
        ways: Iterable[Ids] = [select(case_numbers.c.case_id).where(case_numbers.c.number == parse(text))]
        queries: list[ColumnElement[Any]] = []
    else:
        ways = _otherwise(text, reach=reach)
        queries = list(_whole(text) if reach is Reach.WHOLE else _beginning(text))
    limited = [select(way.limit(most + 1).subquery()) for way in ways]
    others = func.array(union(*limited).limit(most + 1).scalar_subquery()) if limited else uuids(())
    found, *written = (await connection.execute(select(others, *(cast(query, Text) for query in queries)))).one()
    return Typed(text, _either(written), tuple(found) if len(found) <= most else None, reach)


def _either(queries: Iterable[str]) -> str:
    return " | ".join(f"({query})" for query in dict.fromkeys(queries) if query)


def _whole(text: str) -> Iterator[ColumnElement[Any]]:
    for language in LANGUAGES:
        yield func.websearch_to_tsquery(language, text)


def _beginning(text: str) -> Iterator[ColumnElement[Any]]:
    """The words, of which the last may be the beginning of one."""
    yield from _whole(text)
    plain = _plain(text)
    if '"' in plain or not (last := _LAST_WORD.search(plain)):
        return
    tail = func.to_tsquery(literal_column("'simple'::regconfig", REGCONFIG), f"{last[1]}:*")
    if not (head := plain[: last.start()].strip()):
        yield tail
        return
    for query in _whole(head):
        yield query.op("&&")(tail)


def _otherwise(text: str, *, reach: Reach) -> Iterator[Ids]:
    yield from _by_keys(text)
    for condition in _in_who(text, reach=reach):
        yield select(case_search.c.case_id).where(condition)


def _by_keys(text: str) -> Iterator[Ids]:
    yield from _by_beginning(text)
    yield from _by_email(text)
    yield from _by_phone(text)


def _in_who(text: str, *, reach: Reach) -> Iterator[ColumnElement[bool]]:
    if reach is Reach.WHOLE or len(text) < 3:
        return
    yield case_search.c.who.contains(_plain(text), autoescape=True)
    if _SOME_OF_A_PHONE.fullmatch(text):
        yield case_search.c.who.contains(re.sub(r"\D", "", text).lstrip("0"), autoescape=True)
    if reach is Reach.SIMILAR and _NAME.fullmatch(text):
        yield case_search.c.who.op("OPERATOR(public.%>)", is_comparison=True)(literal(_plain(text), Text))


def uuids(ids: Sequence[str]) -> ColumnElement[Any]:
    return literal(list(ids), ARRAY(case_search.c.case_id.type))


def _plain(typed: str) -> str:
    """Small letters without accents, as `case_search.who` is written."""
    decomposed = unicodedata.normalize("NFKD", typed.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _by_beginning(typed: str) -> Iterator[Ids]:
    if _DIGITS.fullmatch(typed):
        digits = re.sub(r"[ -]", "", typed)
        # Not LIKE: a prepared statement would have to be ready for any pattern, and read the whole index.
        between = case_numbers.c.number.between(digits.ljust(10, "0"), digits.ljust(10, "9"))
        yield select(case_numbers.c.case_id).where(between)


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
