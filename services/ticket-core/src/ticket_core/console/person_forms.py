"""What an agent says of who the participant of a case is."""

from uuid import UUID

from fastapi.responses import Response

from kawal.observability.tracing import current_traceparent
from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.domain.inputs import AcceptSuggestion, DismissSuggestion, UnmergePerson

router = case_forms()


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
async def unmerge(here: AtCase, participant_id: UUID) -> Response:
    command = UnmergePerson(participant_id=str(participant_id), agent=here.agent, traceparent=current_traceparent())
    return await here.said(command)
