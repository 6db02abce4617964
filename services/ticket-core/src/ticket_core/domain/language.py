"""What the words of a contact come down to: slang, typos and two languages made comparable.

Only asked when a contact is placed, never when a timeline is folded: a better lexicon changes no past.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

SHORTEST_CORRECTED = 5
"""Shorter words are too close to one another to be corrected: `akun`, `aku`."""
LONGEST_LOOKED_UP = 40
"""No word of either language is longer; what is tried to correct one grows with the square of its length."""

WORDS_REMEMBERED = 20_000

_TOKEN = re.compile(r"[^\W_]+(?:[-/][^\W_]*\d[^\W_]*)*")
_AMOUNT = re.compile(r"\b(?:rp\.?\s*)?\d{1,3}(?:[.,]\d{3})+\b|\brp\.?\s*\d+\b")
_DATE = re.compile(r"\b(?:\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}[-/]\d{1,2}[-/]\d{1,2})\b")
_REDUPLICATED = re.compile(r"^([^\W\d_]{3,})2$")  # "cair2" is written for "cair-cair"
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_ENDINGS = ("nya", "lah", "kah", "ku", "mu")
_FEWEST_DIGITS = 5
_NIK_DIGITS = 16


class Content(NamedTuple):
    """`words` are canonical, without those that say nothing; `telling` are those of them that tell problems apart.

    `references` are numbers of an order, a voucher or a transaction; `numbers` are small ones, such as a batch's.
    """

    words: frozenset[str]
    telling: frozenset[str]
    references: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True)
class Lexicon:
    """`canonical` gives for each other spelling, inflection or language the word that stands for all of them.

    `silent` words say nothing ("min", "please"); `weak` ones say something, but of every problem ("belum", "bisa").
    Both are canonical.
    """

    canonical: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def content(self, text: str) -> Content:
        """What `text`, in whatever language, comes down to."""
        plain = _DATE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
        plain = _AMOUNT.sub(" ", plain)
        words: set[str] = set()
        references: set[str] = set()
        numbers: set[str] = set()
        for found in _TOKEN.findall(plain):
            token = _REDUPLICATED.sub(r"\1", found)
            digits = sum(letter.isdigit() for letter in token)
            if len(token) == 1 and not digits:
                continue  # no word: ":D", "A:B", what is left of "can't"
            if not digits:
                words.add(self.word(token))
            elif digits >= _FEWEST_DIGITS:
                references.update(_reference(token))
            elif token.isdigit():
                numbers.add(token)
            else:
                words.add(self.word(token))
        words -= self.silent
        words.discard("")
        return Content(frozenset(words), frozenset(words - self.weak), frozenset(references), frozenset(numbers))

    def word(self, token: str) -> str:
        """The word that stands for `token`, a casefolded one."""
        if len(token) > LONGEST_LOOKED_UP:
            token = _STRETCHED.sub(r"\1", token)
        return token if len(token) > LONGEST_LOOKED_UP else self._remembered(token)

    @cached_property
    def _remembered(self) -> Callable[[str], str]:
        # People say the same few thousand words, and correcting one costs as much as a statement of SQL.
        return lru_cache(maxsize=WORDS_REMEMBERED)(self._stand_in)

    def _stand_in(self, token: str) -> str:
        token = _STRETCHED.sub(r"\1", token)
        for candidate in (token, *_stems(token)):
            if candidate in self._vocabulary:
                return self.canonical.get(candidate, candidate)
        corrected = self._correct(token)
        return self.canonical.get(corrected, corrected)

    def _correct(self, token: str) -> str:
        """The only known word that is one letter more, less or other, or two swapped; otherwise `token` itself."""
        if len(token) < SHORTEST_CORRECTED:
            return token
        near = {word for shape in _shapes(token) for word in self._by_shape.get(shape, ())}
        meant = {self.canonical.get(word, word) for word in near}
        return meant.pop() if len(meant) == 1 else token

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset({*self.canonical, *self.canonical.values(), *self.silent, *self.weak, *self.known})

    @cached_property
    def _by_shape(self) -> Mapping[str, frozenset[str]]:
        """Known words by themselves and by what is left without one letter; two that share one are a typo apart."""
        found: dict[str, set[str]] = {}
        for word in self._vocabulary:
            if len(word) >= SHORTEST_CORRECTED:
                for shape in _shapes(word):
                    found.setdefault(shape, set()).add(word)
        return {shape: frozenset(words) for shape, words in found.items()}


def trigrams(words: Iterable[str]) -> frozenset[str]:
    """As pg_trgm has them: of each word with two spaces before it and one after it, as a set.

    https://www.postgresql.org/docs/18/pgtrgm.html
    """
    return frozenset(
        padded[at : at + 3] for word in words for padded in (f"  {word} ",) for at in range(len(padded) - 2)
    )


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """pg_trgm's `similarity` of two sets of trigrams: how many they share, of all there are; 0 to 1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def coverage(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of the smaller set is in the larger one: a short text beside a long one; 0 to 1."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def _shapes(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _stems(token: str) -> list[str]:
    return [token[: -len(ending)] for ending in _ENDINGS if token.endswith(ending) and len(token) > len(ending) + 2]


def _reference(token: str) -> list[str]:
    """The digits of a number of something, unless it is one of the person: a phone number, a NIK."""
    digits = "".join(letter for letter in token if letter.isdigit())
    if len(digits) >= _NIK_DIGITS or digits.startswith(("08", "628")) or digits.endswith("000"):
        return []
    return [digits]
