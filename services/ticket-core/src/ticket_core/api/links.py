"""`/v1/cases/{number}/links`: cases that have to do with one another."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from kawal.http import Prose
from ticket_core.api.answers import problems
from ticket_core.api.asking import Asked, AtDesk, Body, done
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import LinkCases, UnlinkCases
from ticket_core.domain.kinds import Relation
from ticket_core.store.queries import plain_number

router = APIRouter(
    prefix="/v1/cases/{number}/links", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)

Number = Annotated[str, Field(min_length=10, max_length=20)]
Reason = Annotated[Prose, Field(min_length=1, max_length=500)]


class LinkBody(Body):
    """`other` is any number of the other case, `relation` what that one is to this one, `reason` for whoever asks."""

    other: Number
    relation: Relation
    reason: Reason | None = None


class UnlinkBody(Body):
    other: Number
    reason: Reason | None = None


@router.post("", response_model=Applied)
async def link_cases(body: LinkBody, desk: AtDesk, asked: Asked) -> Response:
    """The other case is this one's parent, child, follow-up or predecessor, or just related.

    Both timelines say so; nothing is moved, and the participants are told nothing. A case has one parent, and is not
    above itself. Of a case that was merged, the one it is part of is meant.
    """
    command = LinkCases(**asked, other=plain_number(body.other), relation=body.relation, reason=body.reason)
    return await done(desk, command)


@router.post("/undo", response_model=Applied)
async def unlink_cases(body: UnlinkBody, desk: AtDesk, asked: Asked) -> Response:
    """The two have nothing to do with one another after all, whatever their link was."""
    return await done(desk, UnlinkCases(**asked, other=plain_number(body.other), reason=body.reason))
