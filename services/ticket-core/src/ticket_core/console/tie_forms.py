"""An agent says what a case has to do with others: links, and what of it is about another problem.

Both are looked at before they are done: on a page of its own, which works with and without script.
"""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Query
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.console import showing
from ticket_core.console.at_case import AtCase, Here, case_forms
from ticket_core.console.desk_pages import whole_case
from ticket_core.domain.inputs import GoesOn, LinkCases, SplitCase, UndoSplit, UnlinkCases
from ticket_core.domain.kinds import Relation
from ticket_core.store.queries import plain_number
from ticket_core.store.timeline import MOST_ENTRIES
from ticket_core.store.views import TimelineItem

MOST_PICKED = 200

router = case_forms()

Other = Annotated[str, Form(min_length=10, max_length=20)]
Reason = Annotated[Prose, Form(max_length=500)]
Seq = Annotated[int, Query(ge=1, le=2**31 - 1)]
Picked = Annotated[list[Seq], Query(max_length=MOST_PICKED)]


@router.get("/links/new")
async def look_at_link(here: AtCase, other: Annotated[str, Query(max_length=20)] = "") -> Response:
    return await _link_page(here, other)


@router.post("/links")
async def link(here: AtCase, other: Other, relation: Annotated[Relation, Form()], reason: Reason = "") -> Response:
    command = LinkCases(**here.asked, other=plain_number(other), relation=relation, reason=reason or None)
    try:
        await here.console.desk.batcher.submit(command)
    except KawalError as refused:
        return await _link_page(here, other, relation=relation, reason=reason, problems={"link": refused.code})
    return _to_case(here.number)


@router.post("/links/undo")
async def unlink(here: AtCase, other: Other) -> Response:
    return await here.done(UnlinkCases(**here.asked, other=plain_number(other)), part="ties")


@router.get("/split")
async def look_at_split(here: AtCase, entry: Picked = [], *, onwards: bool = False) -> Response:  # noqa: B006 FastAPI's
    return await _split_page(here, entry, onwards=onwards)


@router.post("/split")
async def split(
    here: AtCase,
    entry: Annotated[list[Seq], Form(max_length=MOST_PICKED)],
    reason: Annotated[Prose, Form(min_length=1, max_length=500)],
    goes_on: Annotated[GoesOn, Form()] = GoesOn.NEWEST,
    topic: Annotated[Line, Form(max_length=64)] = "",
    *,
    onwards: Annotated[bool, Form()] = False,
) -> Response:
    """Answered with the new case."""
    how: dict[str, Any] = {"onwards": onwards, "goes_on": goes_on, "reason": reason}
    command = SplitCase(**here.asked, entries=tuple(entry), topic=topic or None, **how)
    try:
        made = await here.console.desk.batcher.submit(command)
    except KawalError as refused:
        return await _split_page(here, entry, topic=topic, problems={"split": refused.code}, **how)
    return _to_case(made.number)


@router.post("/unsplit")
async def undo_split(here: AtCase) -> Response:
    """Answered with the case that it is part of again."""
    try:
        undone = await here.console.desk.batcher.submit(UndoSplit(**here.asked))
    except KawalError as refused:
        return await _whole(here, problems={"ties": refused.code})
    return _to_case(undone.number)


async def _link_page(here: Here, other: str, **changes: Any) -> Response:
    try:
        found = await here.console.desk.cases.case(other)
    except KawalError as refused:
        return await _whole(here, problems={"ties": refused.code})
    written = {"relation": Relation.RELATED, "reason": ""} | changes
    return await _whole(here, view="link.html", other=found, **written)


async def _split_page(here: Here, entries: list[int], *, onwards: bool, **changes: Any) -> Response:
    chosen = await _chosen(here, set(entries), onwards=onwards)
    written = {"topic": "", "goes_on": GoesOn.NEWEST, "reason": ""} | changes
    return await _whole(here, view="split.html", chosen=chosen, entries=entries, onwards=onwards, **written)


async def _chosen(here: Here, entries: set[int], *, onwards: bool) -> list[TimelineItem]:
    """What would be moved, as far as it is among the entries behind the first of them that are read at once."""
    if not entries:
        return []
    page = await here.console.desk.timelines.page(here.number, after=min(entries) - 1, limit=MOST_ENTRIES)
    said = [item for item in page.items if showing.can_be_moved(item)]
    begun = {item.conversation_id: item.seq for item in reversed(said) if item.seq in entries}
    return [
        item
        for item in said
        if item.seq in entries or (onwards and begun.get(item.conversation_id, item.seq) < item.seq)
    ]


async def _whole(here: Here, **changes: Any) -> Response:
    return await whole_case(here.request, here.console, here.agent, here.number, **changes)


def _to_case(number: str) -> Response:
    return RedirectResponse(f"/console/cases/{quote(number)}", status_code=303)
