"""`/v1/cases/{number}/split` and `/unsplit`: a case was about two problems, or was not after all."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.api.answers import problems
from ticket_core.api.asking import Asked, AtDesk, Body, done
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import GoesOn, SplitCase, UndoSplit

MOST_MOVED = 500

router = APIRouter(
    prefix="/v1/cases/{number}", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)

Seq = Annotated[int, Field(ge=1, le=2**31 - 1)]
Reason = Annotated[Prose, Field(min_length=1, max_length=500)]


class SplitBody(Body):
    """`entries` are the `seq` of what is about the other problem: what people said, no notices and changes.

    With `onwards`, all that was said behind each of them in its conversation goes along. `goes_on` is where the
    participant's next messages in these conversations go: `newest`, to the case that has the newest entry; `new_case`;
    or `this_case`. `topic` is the new case's, a key of `programme/topics.yaml`.
    """

    entries: Annotated[tuple[Seq, ...], Field(min_length=1, max_length=MOST_MOVED)]
    onwards: bool = False
    goes_on: GoesOn = GoesOn.NEWEST
    topic: Annotated[Line, Field(min_length=1, max_length=64)] | None = None
    reason: Reason


class UndoSplitBody(Body):
    reason: Reason | None = None


@router.post("/split", status_code=201, response_model=Applied)
async def split_case(body: SplitBody, desk: AtDesk, asked: Asked) -> Response:
    """What was said in some entries is about another problem: it becomes a case of its own, which is answered.

    The entries stay where they are, and say that they are `moved_to` the new case. The participant is told nothing, and
    what he sees of his conversations does not change. Something of what he said has to be left.
    """
    command = SplitCase(
        **asked,
        entries=body.entries,
        onwards=body.onwards,
        goes_on=body.goes_on,
        topic=body.topic,
        reason=body.reason,
    )
    return await done(desk, command, status=201)


@router.post("/unsplit", response_model=Applied)
async def undo_split(desk: AtDesk, asked: Asked, body: UndoSplitBody | None = None) -> Response:
    """It was no other problem after all: this case is part of the one that it was split off from, which is answered.

    All is there as it would have been; what came in between is shown there, and the number leads there.
    """
    return await done(desk, UndoSplit(**asked, reason=body.reason if body else None))
