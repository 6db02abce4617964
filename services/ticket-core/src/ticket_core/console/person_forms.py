"""What an agent says of who the participant of a case is."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Form
from fastapi.responses import Response

from kawal.contracts.words import IdentityKind
from kawal.http import Prose
from kawal.http.inputs import Line
from kawal.observability.tracing import current_traceparent
from ticket_core.api.persons import normal_identity
from ticket_core.console.at_case import AtCase, Here, case_forms, refused
from ticket_core.domain.inputs import AcceptSuggestion, DismissSuggestion, LinkIdentity, UnlinkIdentity, UnmergePerson

router = case_forms()


@dataclass(frozen=True, slots=True)
class IdentityForm:
    """`reason` is how it was checked, or why it is not this person's."""

    kind: Annotated[Literal["phone", "email", "participant_number"], Form()]
    value: Annotated[Line, Form(min_length=1, max_length=254)]
    reason: Annotated[Prose, Form(min_length=1, max_length=500)]


Written = Annotated[IdentityForm, Depends(IdentityForm)]


@router.post("/person/{participant_id}/suggestions/{other_id}/accept")
async def accept(here: AtCase, participant_id: UUID, other_id: UUID) -> Response:
    command = AcceptSuggestion(
        participant_id=str(participant_id),
        other_id=str(other_id),
        agent=here.agent,
        traceparent=current_traceparent(),
    )
    return await here.said(command)


@router.post("/person/{participant_id}/suggestions/{other_id}/dismiss")
async def dismiss(here: AtCase, participant_id: UUID, other_id: UUID) -> Response:
    command = DismissSuggestion(
        participant_id=str(participant_id),
        other_id=str(other_id),
        agent=here.agent,
        traceparent=current_traceparent(),
    )
    return await here.said(command)


@router.post("/person/{participant_id}/unmerge")
async def unmerge(here: AtCase, participant_id: UUID, reason: Annotated[Prose, Form(max_length=500)] = "") -> Response:
    command = UnmergePerson(
        participant_id=str(participant_id),
        agent=here.agent,
        traceparent=current_traceparent(),
        reason=reason or None,
    )
    return await here.said(command)


@router.post("/person/{participant_id}/identities/link")
async def link(here: AtCase, participant_id: UUID, identity: Written) -> Response:
    """The agent has checked that it is this person's, and says how."""
    problem = await refused(_say(here, LinkIdentity, participant_id, identity))
    return await here.answered("person", problem=problem, **_kept("link", identity, problem))


@router.post("/person/{participant_id}/identities/unlink")
async def unlink(here: AtCase, participant_id: UUID, identity: Written) -> Response:
    """It is not this person's, and why."""
    problem = await refused(_say(here, UnlinkIdentity, participant_id, identity))
    return await here.answered("person", problem=problem, **_kept("unlink", identity, problem))


async def _say(
    here: Here, made: type[LinkIdentity] | type[UnlinkIdentity], participant_id: UUID, identity: IdentityForm
) -> None:
    command = made(
        participant_id=str(participant_id),
        agent=here.agent,
        traceparent=current_traceparent(),
        kind=IdentityKind(identity.kind),
        value=normal_identity(identity.kind, identity.value),
        reason=identity.reason,
    )
    await here.console.desk.batcher.submit(command)


def _kept(form: str, identity: IdentityForm, problem: str | None) -> dict[str, Any]:
    """What was written stays in a form that was refused."""
    return {"drafts": {form: asdict(identity)}} if problem else {}
