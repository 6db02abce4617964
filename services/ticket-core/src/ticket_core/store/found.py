"""Where in a case it was found: for the cases of one page, the entry that fits best, and a piece of its text."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.store.search import Reach, Typed
from ticket_core.store.views import CaseSummary, MatchView

LATEST = 100
"""So many of a case's latest texts are looked at."""
_BEGIN, _END = "\x02", "\x03"
# One word of several is enough here: the others may stand in other entries. Words that must not be there are left out.
_ENTRIES = text(f"""
    WITH asked AS MATERIALIZED (
        SELECT CAST(:query AS tsquery) AS every,
               CAST(nullif(regexp_replace(replace(querytree(CAST(:query AS tsquery)), '&', '|'),
                                          '<(-|[0-9]+)>', '|', 'g'), 'T') AS tsquery) AS some
    )
    SELECT wanted.id::text, best.seq,
           ts_headline(CASE WHEN best.indonesian @@ asked.some THEN 'core.indonesian'::regconfig
                            ELSE 'core.english'::regconfig END,
                       best.text, asked.some,
                       'MaxFragments=1, MaxWords=24, MinWords=12, StartSel="{_BEGIN}", StopSel="{_END}"')
    FROM asked
    CROSS JOIN unnest(CAST(:ids AS uuid[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT seq, text, indonesian FROM (
            SELECT seq, text, to_tsvector('core.indonesian', text) AS indonesian
            FROM (
                SELECT seq, text FROM core.timeline WHERE case_id = wanted.id AND text <> ''
                ORDER BY seq DESC LIMIT {LATEST}
            ) AS latest
            OFFSET 0
        ) AS said
        WHERE indonesian @@ asked.some OR to_tsvector('core.english', text) @@ asked.some
        ORDER BY (indonesian @@ asked.every OR to_tsvector('core.english', text) @@ asked.every) DESC, seq DESC
        LIMIT 1
    ) AS best
""")  # noqa: S608 nothing but our own constants


async def matches(connection: AsyncConnection, typed: Typed, items: Sequence[CaseSummary]) -> dict[str, MatchView]:
    """What was found in each of `items`, by the case's number."""
    if typed.number is not None:
        return {case.number: MatchView("number", None, case.number, []) for case in items}
    found: dict[str, MatchView] = {}
    if typed.query and items:
        rows = await connection.execute(_ENTRIES, {"query": typed.query, "ids": [case.id for case in items]})
        found = {case_id: _in_text(seq, headline) for case_id, seq, headline in rows}
    return {case.number: found.get(case.id) or _elsewhere(typed, case) for case in items}


def _in_text(seq: int, headline: str) -> MatchView:
    snippet, marks = _marked(headline)
    return MatchView("text", seq, snippet, marks)


def _marked(headline: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without the marks of ts_headline, and where they were."""
    snippet, marks = "", []
    for place, piece in enumerate(headline.split(_BEGIN)):
        marked, end, rest = piece.partition(_END)
        if place and end:
            marks.append((len(snippet), len(snippet) + len(marked)))
        snippet += marked + rest
    return snippet, marks


def _elsewhere(typed: Typed, case: CaseSummary) -> MatchView:
    digits = "".join(filter(str.isdigit, typed.text))
    if digits and case.number.startswith(digits):
        return MatchView("number", None, case.number, [(0, len(digits))])
    name = case.participant_name or ""
    marks = list(_occurrences(name, typed.text))
    if marks or typed.reach is Reach.SIMILAR:
        return MatchView("name", None, name, marks)
    if marks := list(_occurrences(case.subject, typed.text)):
        return MatchView("subject", None, case.subject, marks)
    return MatchView("address", None, "", [])


def _occurrences(hay: str, needle: str) -> Iterator[tuple[int, int]]:
    start: Any = hay.lower().find(needle.lower())
    if needle and start >= 0:
        yield start, start + len(needle)
