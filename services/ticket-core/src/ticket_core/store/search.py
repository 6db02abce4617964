"""From what an agent types to conditions on cases.

A number means its case. Anything else is looked for in numbers' beginnings, addresses, names and words, as far as it
can be one; see `docs/adr/0014-search-follows-the-timeline.md` for why rare and frequent words are found in two ways.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, literal, literal_column, or_, select, union
from sqlalchemy.dialects.postgresql import REGCONFIG

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
FEW = 3_000
"""Up to so many cases are fetched and sorted; where more are found, the list is walked in its order instead."""
AHEAD = 500
"""So many cases of the list are asked first: a word that fills the page from them need not be looked up at all."""

LANGUAGES: tuple[ColumnElement[Any], ...] = tuple(
    literal_column(f"'core.{language}'::regconfig", REGCONFIG) for language in ("indonesian", "english")
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, without spaces around it. `alike`: similar names are meant, too."""

    text: str
    alike: bool = False

    @property
    def number(self) -> str | None:
        """The complete case number that it is."""
        return parse(self.text)

    def ids(self) -> Select[Any]:
        """A query of the cases that are meant, one more than `FEW` when they are not few."""
        limited = [select(one.limit(FEW + 1).subquery()) for one in self._candidates()]
        return select(union(*limited).limit(FEW + 1).subquery())

    def means(self, case_id: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a case is meant, asked of each on its own."""
        if self.number:
            return case_id.in_(union(*self._candidates()))
        of_case = select(or_(*self._in_documents())).where(case_search.c.case_id == case_id).scalar_subquery()
        others = list(self._by_keys())
        return or_(of_case, case_id.in_(union(*others))) if others else of_case

    def query(self) -> ColumnElement[Any]:
        """The words as a tsquery, made once for a statement; the last may be the beginning of one."""
        whole = [func.websearch_to_tsquery(language, self.text) for language in LANGUAGES]
        return select(_any([*whole, *self._beginning()])).scalar_subquery()

    def _beginning(self) -> Iterator[ColumnElement[Any]]:
        plain = _plain(self.text)
        if '"' in plain or not (last := _LAST_WORD.search(plain)):
            return
        tail = func.to_tsquery(literal_column("'simple'::regconfig", REGCONFIG), f"{last[1]}:*")
        if not (head := plain[: last.start()].strip()):
            yield tail
            return
        for language in LANGUAGES:
            yield func.websearch_to_tsquery(language, head).op("&&")(tail)

    def _candidates(self) -> Iterator[Ids]:
        if self.number:
            yield select(case_numbers.c.case_id).where(case_numbers.c.number == self.number)
            return
        yield from self._by_keys()
        for condition in self._in_documents():
            yield select(case_search.c.case_id).where(condition)

    def _by_keys(self) -> Iterator[Ids]:
        yield from _by_beginning(self.text)
        yield from _by_email(self.text)
        yield from _by_phone(self.text)

    def _in_documents(self) -> Iterator[ColumnElement[bool]]:
        yield case_search.c.words.op("@@", is_comparison=True)(self.query())
        if len(self.text) < 3:
            return
        yield case_search.c.who.contains(_plain(self.text), autoescape=True)
        if _SOME_OF_A_PHONE.fullmatch(self.text):
            yield case_search.c.who.contains(re.sub(r"\D", "", self.text).lstrip("0"), autoescape=True)
        if self.alike and _NAME.fullmatch(self.text):
            yield case_search.c.who.op("OPERATOR(public.%>)", is_comparison=True)(literal(_plain(self.text), Text))


def _any(queries: list[Any]) -> Any:
    first, *others = queries
    for other in others:
        first = first.op("||")(other)
    return first


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
