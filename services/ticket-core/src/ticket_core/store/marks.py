"""Marks in the documents of search that say when something happened in the case last, to a few days.

An index of words knows no order: of a word that is in many thousand cases it gives all. With the marks among the words
the latest of them are asked for alone. A document is written again when its mark has changed, see `search_index`.
"""

from datetime import datetime

MARK_DAYS = (2, 16)
"""The narrower mark is asked first."""
_DAY_S = 86_400

MARKS_SQL = ", ".join(
    f"'~{days}:' || floor(extract(epoch FROM cases.activity_at) / {days * _DAY_S})::bigint" for days in MARK_DAYS
)
"""The marks of a row of `cases`: texts that no parser makes of what people write."""


def marked_lately(days: int, until: datetime) -> tuple[str, datetime]:
    """A tsquery for documents of cases in which something happened shortly before `until`, and since when.

    All cases of that time have such a document. It is at least `days` long, at most twice that.
    """
    # A cursor may name any time, also one before there were computers.
    now = max(1, int(until.timestamp()) // (days * _DAY_S))
    # A clock may be ahead of ours.
    marks = " | ".join(f"'~{days}:{place}'" for place in (now - 1, now, now + 1))
    return marks, datetime.fromtimestamp((now - 1) * days * _DAY_S, tz=until.tzinfo)
