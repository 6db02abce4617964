"""What a case is known by: the beginning of what its participant said, and fingerprints of the last things he said.

Folded into the case by `evolve`, so these rules are for good: they know no language and no policy. What the words mean
is for `language`, which may change at any time because it is only asked when a contact is placed.
"""

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple

from ticket_core.domain.entries import EntryFact, FormFilledIn, MessageWritten

GIST_LENGTH = 400
MOST_HEARD = 4
FEWEST_WORDS = 3
"""Shorter texts ("Halo min") are said about every problem."""

_WORD = re.compile(r"\w+")


class Heard(NamedTuple):
    """A contribution: its `seq`, its time to the second, and the fingerprint of its words."""

    seq: int
    at_s: int
    fingerprint: str

    @property
    def mark(self) -> str:
        """As it stands in the case: plain characters only, so that an array of them needs no quoting."""
        return f"{self.seq}_{self.at_s}_{self.fingerprint}"

    @classmethod
    def of(cls, mark: str) -> "Heard":
        seq, at_s, fingerprint = mark.split("_")
        return cls(int(seq), int(at_s), fingerprint)


def statement(fact: EntryFact, text: str) -> str:
    """What was said of the problem itself: a message's text, or those answers of a form that are prose.

    Short answers are names, dates and numbers of the person, the same in all that he sends.
    """
    if isinstance(fact, FormFilledIn):
        return "\n".join(answer.value for answer in fact.answers if len(answer.value.split()) >= FEWEST_WORDS)
    return text if isinstance(fact, MessageWritten) else ""


def fingerprint(said: str) -> str | None:
    """16 hexadecimal digits, equal for the same words in the same order whatever their case and punctuation.

    `None` for less than `FEWEST_WORDS` words.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", said).casefold())
    if len(words) < FEWEST_WORDS:
        return None
    # Texts of the API may hold lone surrogates; a fingerprint must not fail for them.
    return hashlib.blake2b(" ".join(words).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def longer_gist(gist: str, said: str) -> str:
    """`gist` and what was `said` after it, at most `GIST_LENGTH` characters."""
    if len(gist) >= GIST_LENGTH or not said:
        return gist
    return f"{gist}\n{said[:GIST_LENGTH]}"[:GIST_LENGTH] if gist else said[:GIST_LENGTH]


def heard_before(marks: tuple[str, ...], wanted: str, *, within: timedelta, now: datetime) -> int | None:
    """The `seq` of the same words, said at most `within` ago."""
    since = (now - within).timestamp()
    for mark in reversed(marks):
        heard = Heard.of(mark)
        if heard.fingerprint == wanted:
            # Marks are whole seconds.
            return heard.seq if heard.at_s >= int(since) else None
    return None
