"""`/v1/cases/{number}/merge`: two cases are about one problem, or were not after all."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from ticket_core.api.answers import problems
from ticket_core.api.asking import Asked, AtDesk, Body, done
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import MergeCases, UndoMerge
from ticket_core.store.queries import plain_number

router = APIRouter(
    prefix="/v1/cases/{number}/merge", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)


class OtherBody(Body):
    """`other` is the number of the other case, with or without dashes."""

    other: Annotated[str, Field(min_length=10, max_length=20)]


@router.post("", response_model=Applied)
async def merge_cases(body: OtherBody, desk: AtDesk, asked: Asked) -> Response:
    """The other case becomes part of this one: its entries are shown here, and its numbers and conversations lead here.

    Nothing is moved, so it can be undone. The participant is told nothing.
    """
    return await done(desk, MergeCases(**asked, other=plain_number(body.other)))


@router.post("/undo", response_model=Applied)
async def undo_merge(body: OtherBody, desk: AtDesk, asked: Asked) -> Response:
    """The case that was merged into this one is what it was before. What came in between stays here."""
    return await done(desk, UndoMerge(**asked, other=plain_number(body.other)))
