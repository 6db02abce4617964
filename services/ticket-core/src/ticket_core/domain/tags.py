"""Words that agents put on cases, to find them again."""

import re
from collections.abc import Iterable

from ticket_core.domain.errors import InvalidTag, TooManyTags

MOST_TAGS = 20
TAG_LENGTH = 40
_TAG = re.compile(r"\w[\w-]*")


def tag_of(written: str) -> str:
    """A tag as it is kept: in small letters, words joined by `-`.

    Raises:
        InvalidTag: it has other characters than letters, digits, `_` and `-`, or is too long.
    """
    tag = "-".join(written.lower().split())
    if len(tag) > TAG_LENGTH or not _TAG.fullmatch(tag):
        raise InvalidTag(f"A tag is up to {TAG_LENGTH} letters, digits, _ and -")
    return tag


def changed(tags: tuple[str, ...], *, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """`tags` without `remove`, then with `add` behind them, each once.

    Raises:
        InvalidTag, TooManyTags: they cannot be kept.
    """
    gone = {tag_of(one) for one in remove}
    kept = dict.fromkeys(tag for tag in tags if tag not in gone)
    kept |= dict.fromkeys(tag_of(one) for one in add)
    if len(kept) > MOST_TAGS:
        raise TooManyTags(f"A case has at most {MOST_TAGS}")
    return tuple(kept)
