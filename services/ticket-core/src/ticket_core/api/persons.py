"""`/v1/participants/{participant_id}/…`: say who is who."""

from typing import Annotated, Literal, TypedDict
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from kawal.contracts.words import IdentityKind
from kawal.http import Prose
from kawal.http.inputs import Line
from kawal.identities import normalise_email, normalise_phone
from kawal.observability.tracing import current_traceparent
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body, NoBody, requested_once
from ticket_core.api.auth import CurrentAgent
from ticket_core.domain.case import Agent
from ticket_core.domain.inputs import (
    AcceptSuggestion,
    DismissSuggestion,
    LinkIdentity,
    MergePersons,
    Once,
    UnlinkIdentity,
    UnmergePerson,
)
from ticket_core.domain.persons import PersonChanged

router = APIRouter(
    prefix="/v1/participants/{participant_id}",
    tags=["people"],
    responses=problems(400, 401, 403, 404, 409, 422, 503),
)

Reason = Annotated[Prose, Field(min_length=1, max_length=500)]


class MergeBody(Body):
    """`other_id` is shown as part of this participant from now on; `reason` is kept for whoever asks later."""

    other_id: UUID
    reason: Reason | None = None


class UnmergeBody(Body):
    reason: Reason | None = None


class IdentityBody(Body):
    """`reason` is how it was checked. A phone may be written as people write it."""

    kind: Literal["phone", "email", "participant_number"]
    value: Annotated[Line, Field(min_length=1, max_length=254)]
    reason: Reason


class PersonAsked(TypedDict):
    """What `ticket_core.domain.inputs.PersonCommand` takes, for any of its kinds, but for the reason."""

    participant_id: str
    agent: Agent
    once: Once | None
    traceparent: str | None


async def _asked(
    participant_id: UUID, agent: CurrentAgent, once: Annotated[Once | None, Depends(requested_once)]
) -> PersonAsked:
    return PersonAsked(participant_id=str(participant_id), agent=agent, once=once, traceparent=current_traceparent())


Asked = Annotated[PersonAsked, Depends(_asked)]


@router.post("/merge", response_model=PersonChanged)
async def merge_persons(body: MergeBody, desk: AtDesk, asked: Asked) -> Response:
    """Two participants are one person. Nothing is moved, so it can be undone at any time."""
    command = MergePersons(**asked, other_id=str(body.other_id), reason=body.reason)
    return answer(await desk.batcher.submit(command))


@router.post("/unmerge", response_model=PersonChanged)
async def unmerge_person(desk: AtDesk, asked: Asked, body: UnmergeBody | None = None) -> Response:
    """A participant who was merged into another is a person of his own after all.

    What was written meanwhile stays in the case that it was written in; from now on each is placed among his own.
    """
    command = UnmergePerson(**asked, reason=body.reason if body else None)
    return answer(await desk.batcher.submit(command))


@router.post("/identities/link", response_model=PersonChanged)
async def link_identity(body: IdentityBody, desk: AtDesk, asked: Asked) -> Response:
    """An agent has checked that it is this person's: `verified`. Whoever proves it reaches this person's cases."""
    command = LinkIdentity(
        **asked, kind=IdentityKind(body.kind), value=normal_identity(body.kind, body.value), reason=body.reason
    )
    return answer(await desk.batcher.submit(command))


@router.post("/identities/unlink", response_model=PersonChanged)
async def unlink_identity(body: IdentityBody, desk: AtDesk, asked: Asked) -> Response:
    """It is not this person's: nobody has proven it any more."""
    command = UnlinkIdentity(
        **asked, kind=IdentityKind(body.kind), value=normal_identity(body.kind, body.value), reason=body.reason
    )
    return answer(await desk.batcher.submit(command))


def normal_identity(kind: str, value: str) -> str:
    """The one way to write it.

    Raises:
        InvalidPhoneNumber, InvalidEmailAddress: it is none.
    """
    match kind:
        case "phone":
            return normalise_phone(value)
        case "email":
            return normalise_email(value)
        case _:
            return value


@router.post("/suggestions/{other_id}/accept", response_model=PersonChanged)
async def accept_suggestion(other_id: UUID, desk: AtDesk, asked: Asked, _body: NoBody | None = None) -> Response:
    """They are one person: merged, shown as the one who is known longer."""
    return answer(await desk.batcher.submit(AcceptSuggestion(**asked, other_id=str(other_id))))


@router.post("/suggestions/{other_id}/dismiss", response_model=PersonChanged)
async def dismiss_suggestion(other_id: UUID, desk: AtDesk, asked: Asked, _body: NoBody | None = None) -> Response:
    """They are two people, and are not suggested again, whatever else they will share."""
    return answer(await desk.batcher.submit(DismissSuggestion(**asked, other_id=str(other_id))))
