"""`/v1/cases/{number}/entries/{seq}/…`: hear a voicemail, open an attachment. Every access is written down."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from kawal.errors import KawalError
from ticket_core.api.answers import problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.domain.case import Agent
from ticket_core.store.views import RecordingView

_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.ASCII)
# Whatever else a participant sends is only ever saved, never opened within our origin.
_SHOWN = re.compile(r"(audio/[a-z0-9.+-]+|video/(mp4|webm)|image/(png|jpeg|gif|webp))", re.ASCII)

router = APIRouter(
    prefix="/v1/cases/{number}/entries/{seq}", tags=["recordings"], responses=problems(401, 404, 410, 416, 503)
)

Seq = Annotated[int, Path(ge=1, le=2**31 - 1)]
AtDesk = Annotated[Desk, Depends(desk_of)]
Range = Annotated[str | None, Header(alias="range", description="`bytes=FIRST-LAST`", max_length=100)]
Part = Annotated[str | None, Query(description="The number of the merged case that the entry is of", max_length=20)]
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}},
    206: {"description": "A part of it"},
}


class RangeNotSatisfiable(KawalError):
    status, code, title = 416, "range_not_satisfiable", "There are no such bytes"


@router.get("/recording", response_class=Response, responses=_BYTES)
async def get_recording(
    number: str, seq: Seq, desk: AtDesk, agent: CurrentAgent, *, part: Part = None, range_: Range = None
) -> Response:
    """The voicemail of an entry."""
    found = await desk.timelines.recording(number, seq=seq, part=part)
    return await _file(desk, agent, found, wanted=range_)


@router.get("/attachments/{place}", response_class=Response, responses=_BYTES)
async def get_attachment(
    number: str,
    seq: Seq,
    place: Annotated[int, Path(ge=0, le=100)],
    desk: AtDesk,
    agent: CurrentAgent,
    *,
    part: Part = None,
    range_: Range = None,
) -> Response:
    """An attachment of an entry, counted from 0."""
    found = await desk.timelines.recording(number, seq=seq, attachment=place, part=part)
    return await _file(desk, agent, found, wanted=range_)


async def _file(desk: Desk, agent: Agent, recording: RecordingView, *, wanted: str | None) -> Response:
    await desk.accesses.note(recording, agent_id=agent.id, at=desk.clock())
    data, media_type = await desk.vault.get(recording.vault_ref)
    headers = {"accept-ranges": "bytes", "cache-control": "private, no-store"}
    if not _SHOWN.fullmatch(media_type):
        media_type, headers["content-disposition"] = "application/octet-stream", "attachment"
    first, last = part_of(wanted, size=len(data))
    if wanted is None or (first, last) == (0, len(data) - 1):
        return Response(data, media_type=media_type, headers=headers)
    headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], status_code=206, media_type=media_type, headers=headers)


def part_of(wanted: str | None, *, size: int) -> tuple[int, int]:
    """The first and the last byte of a Range header (RFC 9110, section 14.2); all of it for what is not one range.

    Raises:
        RangeNotSatisfiable: it begins behind the end.
    """
    match = _RANGE.fullmatch(wanted) if wanted else None
    if match is None or match.groups() == ("", ""):
        return 0, size - 1
    start, end = match.groups()
    first = int(start) if start else max(0, size - int(end))
    last = min(int(end), size - 1) if start and end else size - 1
    if start and end and int(end) < first:
        return 0, size - 1
    if first >= size:
        raise RangeNotSatisfiable(f"It has {size} bytes")
    return first, last
