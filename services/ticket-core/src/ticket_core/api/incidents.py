"""`/v1/incidents`: many cases, one cause. What is suggested, who joins, what all of them are told, how they end."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from kawal import case_numbers
from kawal.http import Prose
from kawal.http.inputs import Line
from kawal.observability.tracing import current_traceparent
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body, NoBody, requested_once
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.bulk import MOST_CASES, BulkResults, all_done, refuse_twice, results_of
from ticket_core.api.desk import Desk
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import IncidentResolved
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import AgentCommand, JoinIncident, LeaveIncident, Once, Resolve
from ticket_core.store.audience import Audience
from ticket_core.store.cursors import InvalidCursor
from ticket_core.store.incidents import (
    MOST_INCIDENTS,
    IncidentCasePage,
    IncidentPage,
    IncidentView,
    UpdateView,
)
from ticket_core.store.rises import SuggestionList

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], responses=problems(401, 422, 503))

Key = Annotated[Once | None, Depends(requested_once)]
Title = Annotated[Line, Field(min_length=1, max_length=120)]
Words = Annotated[Prose, Field(min_length=1, max_length=10_000)]


class Titles(Body):
    """In both languages."""

    id: Title
    en: Title


class Texts(Body):
    """What participants are told, each in his language."""

    id: Words
    en: Words


class IncidentBody(Body):
    """`topic` is a key of `programme/topics.yaml`. With `suggestion_id`, it is made of what was suggested."""

    title: Titles
    topic: Annotated[Line, Field(min_length=1, max_length=64)] | None = None
    suggestion_id: UUID | None = None


class JoiningBody(Body):
    """Any numbers of the cases. `tell_last`: tell those that join the last update as well."""

    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32)]], Field(min_length=1, max_length=MOST_CASES)
    ]
    tell_last: bool = False


class SuggestedBody(Body):
    tell_last: bool = False


class LeavingBody(Body):
    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32)]], Field(min_length=1, max_length=MOST_CASES)
    ]


class UpdateBody(Body):
    texts: Texts


class ResolveCasesBody(Body):
    """A key of the list `resolution` of `programme/reasons.yaml`, or null."""

    reason: Annotated[Line, Field(min_length=1, max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class IncidentInFull:
    incident: IncidentView
    updates: list[UpdateView]


@router.get("", response_model=IncidentPage, responses=problems(400))
async def list_incidents(
    desk: AtDesk,
    _agent: CurrentAgent,
    *,
    state: Literal["open", "resolved"] | None = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_INCIDENTS)] = 25,
) -> Response:
    """The latest first."""
    return answer(await incident_page(desk, state=state, cursor=cursor, limit=limit))


@router.post("", status_code=201, response_model=IncidentView, responses=problems(400, 403, 404, 409))
async def create_incident(body: IncidentBody, desk: AtDesk, agent: CurrentAgent, once: Key) -> Response:
    """Make an incident; no case is in it yet. With an `Idempotency-Key`, sent again it is the same incident."""
    await _claim(desk, once)
    view = await desk.incidents.create(
        agent,
        title=body.title.model_dump(),
        topic=body.topic,
        suggestion_id=str(body.suggestion_id) if body.suggestion_id else None,
        key=once.key if once else None,
    )
    return answer(view, status=201)


@router.get("/suggestions", response_model=SuggestionList)
async def list_incident_suggestions(desk: AtDesk, _agent: CurrentAgent) -> Response:
    """Topics with which more people come than usual, and that nobody has decided on."""
    return answer(SuggestionList(list(await desk.rises.suggested())))


@router.post("/suggestions/{suggestion_id}/dismiss", status_code=204, responses=problems(403, 404, 409))
async def dismiss_incident_suggestion(
    suggestion_id: UUID, desk: AtDesk, agent: CurrentAgent, _body: NoBody | None = None
) -> Response:
    """It is no incident. The same rise is not suggested again; when it is over and another begins, that one is."""
    await desk.rises.dismiss(str(suggestion_id), agent)
    return Response(status_code=204)


@router.get("/{incident_id}", response_model=IncidentInFull, responses=problems(404))
async def get_incident(incident_id: UUID, desk: AtDesk, _agent: CurrentAgent) -> Response:
    """One incident, with its updates and how far telling each has come."""
    view = await desk.incidents.get(str(incident_id))
    return answer(IncidentInFull(view, list(await desk.incidents.updates(str(incident_id)))))


@router.get("/{incident_id}/audience", response_model=Audience, responses=problems(404))
async def preview_audience(incident_id: UUID, desk: AtDesk, _agent: CurrentAgent) -> Response:
    """In how many of its cases somebody would be told by an update that is written now, by language and channel."""
    return answer(await desk.incidents.audience(str(incident_id)))


@router.get("/{incident_id}/cases", response_model=IncidentCasePage, responses=problems(404))
async def list_cases_of_incident(
    incident_id: UUID,
    desk: AtDesk,
    _agent: CurrentAgent,
    *,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CASES)] = 100,
) -> Response:
    """The cases that are in it."""
    await desk.incidents.get(str(incident_id))
    return answer(await desk.incidents.cases(str(incident_id), after=str(cursor) if cursor else None, limit=limit))


@router.post("/{incident_id}/cases", response_model=BulkResults, responses=problems(400, 403, 404, 409))
async def attach_cases(incident_id: UUID, body: JoiningBody, desk: AtDesk, agent: CurrentAgent, once: Key) -> Response:
    """Let cases join; each joins or is refused on its own. Joining twice is joining once."""
    await _claim(desk, once)
    return answer(await joined(desk, agent, str(incident_id), body.numbers, tell_last=body.tell_last))


@router.post("/{incident_id}/cases/suggested", response_model=BulkResults, responses=problems(400, 403, 404, 409))
async def attach_suggested_cases(
    incident_id: UUID, desk: AtDesk, agent: CurrentAgent, once: Key, body: SuggestedBody | None = None
) -> Response:
    """Let up to 500 cases join that the suggestion it was made of has; while `suggested` says so, there are more."""
    await _claim(desk, once)
    tell_last = body.tell_last if body else False
    return answer(await suggested_joined(desk, agent, str(incident_id), tell_last=tell_last))


@router.post("/{incident_id}/cases/detach", response_model=BulkResults, responses=problems(400, 403, 404, 409))
async def detach_cases(incident_id: UUID, body: LeavingBody, desk: AtDesk, agent: CurrentAgent, once: Key) -> Response:
    """Let cases leave; what their participants were told stays told."""
    await _claim(desk, once)
    return answer(await left(desk, agent, str(incident_id), body.numbers))


@router.post(
    "/{incident_id}/updates", status_code=201, response_model=UpdateView, responses=problems(400, 403, 404, 409)
)
async def write_update(incident_id: UUID, body: UpdateBody, desk: AtDesk, agent: CurrentAgent, once: Key) -> Response:
    """Tell the participants of all its cases, each in his language on his channel, in the background."""
    await _claim(desk, once)
    view = await desk.incidents.write_update(
        str(incident_id), agent, texts=body.texts.model_dump(), key=once.key if once else None
    )
    return answer(view, status=201)


@router.post("/{incident_id}/resolve", response_model=IncidentView, responses=problems(403, 404))
async def resolve_incident(
    incident_id: UUID, desk: AtDesk, agent: CurrentAgent, _body: NoBody | None = None
) -> Response:
    """The cause is gone. Its cases stay as they are; `active` says how many could be resolved now."""
    return answer(await desk.incidents.resolve(str(incident_id), agent))


@router.post("/{incident_id}/reopen", response_model=IncidentView, responses=problems(403, 404))
async def reopen_incident(
    incident_id: UUID, desk: AtDesk, _agent: CurrentAgent, _body: NoBody | None = None
) -> Response:
    """It was not gone after all. Cases that were resolved stay so."""
    return answer(await desk.incidents.reopen(str(incident_id)))


@router.post("/{incident_id}/cases/resolve", response_model=BulkResults, responses=problems(400, 403, 404, 409))
async def resolve_cases_of_incident(
    incident_id: UUID, desk: AtDesk, agent: CurrentAgent, once: Key, body: ResolveCasesBody | None = None
) -> Response:
    """Resolve up to 500 of its active cases; while its `active` says so, there are more."""
    await _claim(desk, once)
    return answer(await cases_resolved(desk, agent, str(incident_id), reason=body.reason if body else None))


async def incident_page(desk: Desk, *, state: str | None, cursor: str | None, limit: int) -> IncidentPage:
    """The latest incidents of a state, or of any.

    Raises:
        InvalidCursor: `cursor` is not of a page before.
    """
    behind = {"behind": _read(cursor)} if cursor is not None else {}
    items = await desk.incidents.list(state=state, limit=limit + 1, **behind)
    last = items[limit - 1] if len(items) > limit else None
    return IncidentPage(items[:limit], _written(last.created_at, last.id) if last else None)


async def joined(desk: Desk, agent: Agent, incident_id: str, numbers: list[str], *, tell_last: bool) -> BulkResults:
    """Let cases join an open incident.

    Raises:
        IncidentNotFound, IncidentResolved, DuplicateCase: none joins.
    """
    incident = await desk.incidents.get(incident_id)
    if incident.state != "open":
        raise IncidentResolved("Reopen it, or make another one")

    def join(number: str) -> AgentCommand:
        return JoinIncident(
            number=number,
            agent=agent,
            traceparent=current_traceparent(),
            incident_id=incident_id,
            title=incident.title,
        )

    commands = _commands(numbers, join)
    outcomes = await all_done(desk, commands)
    if tell_last:
        await desk.incidents.tell_last(incident_id, [one.case_id for one in outcomes if isinstance(one, Applied)])
    return results_of(numbers, outcomes)


async def suggested_joined(desk: Desk, agent: Agent, incident_id: str, *, tell_last: bool) -> BulkResults:
    """Let the next cases join that were suggested for an incident; raises as `joined` does."""
    numbers = list(await desk.incidents.numbers(incident_id, which="suggested"))
    return await joined(desk, agent, incident_id, numbers, tell_last=tell_last)


async def left(desk: Desk, agent: Agent, incident_id: str, numbers: list[str]) -> BulkResults:
    """Let cases leave an incident; raises `IncidentNotFound`, `DuplicateCase`."""
    incident = await desk.incidents.get(incident_id)

    def leave(number: str) -> AgentCommand:
        return LeaveIncident(
            number=number,
            agent=agent,
            traceparent=current_traceparent(),
            incident_id=incident_id,
            title=incident.title,
        )

    return results_of(numbers, await all_done(desk, _commands(numbers, leave)))


async def cases_resolved(desk: Desk, agent: Agent, incident_id: str, *, reason: str | None) -> BulkResults:
    """Resolve the next active cases of an incident; raises `IncidentNotFound`."""
    await desk.incidents.get(incident_id)
    numbers = list(await desk.incidents.numbers(incident_id, which="active"))

    def resolve(number: str) -> AgentCommand:
        return Resolve(number=number, agent=agent, traceparent=current_traceparent(), reason=reason)

    return results_of(numbers, await all_done(desk, _commands(numbers, resolve)))


def _commands(numbers: list[str], command: Callable[[str], AgentCommand]) -> list[AgentCommand | None]:
    plain = [case_numbers.parse(number) for number in numbers]
    refuse_twice([number for number in plain if number is not None])
    return [command(number) if number is not None else None for number in plain]


async def _claim(desk: Desk, once: Once | None) -> None:
    if once is not None:
        await desk.claims.claim(replace(once, scope=f"incident:{once.scope}"))


def _written(at: datetime, incident_id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {incident_id}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        at, incident_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        return datetime.fromisoformat(at).astimezone(UTC), str(UUID(incident_id))
    except (ValueError, OverflowError) as broken:
        raise InvalidCursor("Use the next_cursor of an answer") from broken
