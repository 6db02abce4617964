"""`/v1/cases/{number}/…`: what a case waits for, and what agents write on it; `/v1/mentions`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import Asked, AtDesk, Body, NoBody, done
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import ChangeTags, Hold, Pend, Prioritise, Resume, SetFields, WriteNote
from ticket_core.domain.kinds import Priority
from ticket_core.domain.mentions import mentioned
from ticket_core.domain.tags import MOST_TAGS
from ticket_core.store.mentions import MOST_MENTIONS, MentionPage

MOST_CALLED = 20

router = APIRouter(
    prefix="/v1/cases/{number}", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)
mentions_router = APIRouter(prefix="/v1/mentions", tags=["people"], responses=problems(400, 401, 422, 503))

Word = Annotated[Line, Field(min_length=1, max_length=64)]
Value = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=1_000)] | None


class HoldBody(Body):
    """A key of the list `on_hold` of `programme/reasons.yaml`."""

    reason: Word


class NoteBody(Body):
    """Whoever is called by `@name` in the text, or by his id in `mentions`, finds it under `/v1/mentions`."""

    text: Annotated[Prose, Field(min_length=1, max_length=10_000)]
    mentions: Annotated[tuple[UUID, ...], Field(max_length=MOST_CALLED)] = ()


class PriorityBody(Body):
    priority: Priority


class TagsBody(Body):
    """`remove` happens first. Tags are kept in small letters, words joined by `-`."""

    add: Annotated[tuple[Word, ...], Field(max_length=MOST_TAGS)] = ()
    remove: Annotated[tuple[Word, ...], Field(max_length=MOST_TAGS)] = ()


class FieldsBody(Body):
    """New values by the field's key (`programme/fields.yaml`); null takes one away, and what is not named stays.

    A number is a JSON number, a date `YYYY-MM-DD`, a choice the key of one, yes or no a boolean.
    """

    values: Annotated[dict[Word, Value], Field(min_length=1, max_length=100)]


class SeenBody(Body):
    """The `mark` of the first page that was read: what has come since then stays new."""

    mark: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


@router.post("/pend", response_model=Applied)
async def pend(desk: AtDesk, asked: Asked, _body: NoBody | None = None) -> Response:
    """It waits for the participant, whose next message opens it again."""
    command = Pend(**asked)
    return await done(desk, command)


@router.post("/hold", response_model=Applied)
async def hold(body: HoldBody, desk: AtDesk, asked: Asked) -> Response:
    """It waits for a third party."""
    command = Hold(**asked, reason=body.reason)
    return await done(desk, command)


@router.post("/resume", response_model=Applied)
async def resume(desk: AtDesk, asked: Asked, _body: NoBody | None = None) -> Response:
    """It waits for nobody any more: open."""
    command = Resume(**asked)
    return await done(desk, command)


@router.post("/notes", status_code=201, response_model=Applied)
async def write_note(body: NoteBody, desk: AtDesk, asked: Asked) -> Response:
    """Write something for colleagues only. `seq` is its place in the timeline."""
    command = WriteNote(
        **asked,
        text=body.text,
        mentions=await called(desk, body.text, by_id=body.mentions),
    )
    return await done(desk, command, status=201)


@router.post("/priority", response_model=Applied)
async def prioritise(body: PriorityBody, desk: AtDesk, asked: Asked) -> Response:
    """Say how urgent it is."""
    command = Prioritise(**asked, priority=body.priority)
    return await done(desk, command)


@router.post("/tags", response_model=Applied)
async def change_tags(body: TagsBody, desk: AtDesk, asked: Asked) -> Response:
    """Put tags on the case, or take them off."""
    command = ChangeTags(
        **asked,
        add=body.add,
        remove=body.remove,
    )
    return await done(desk, command)


@router.post("/fields", response_model=Applied)
async def set_fields(body: FieldsBody, desk: AtDesk, asked: Asked) -> Response:
    """Write down what the programme wants to know about such cases."""
    command = SetFields(**asked, values=body.values)
    return await done(desk, command)


@mentions_router.get("", response_model=MentionPage)
async def list_mentions(
    desk: AtDesk,
    agent: CurrentAgent,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MENTIONS)] = 25,
) -> Response:
    """The notes that call the caller, the latest first."""
    return answer(await desk.mentions.page(agent.id, cursor=cursor, limit=limit))


@mentions_router.post("/seen", status_code=204, responses=problems(403))
async def see_mentions(body: SeenBody, desk: AtDesk, agent: CurrentAgent) -> Response:
    """The caller has seen the notes that call him; `unseen` counts from here."""
    await desk.mentions.seen(agent.id, mark=body.mark)
    return Response(status_code=204)


async def called(desk: Desk, text: str, *, by_id: tuple[UUID, ...] = ()) -> tuple[str, ...]:
    """The ids of all whom a note calls, each once.

    Raises:
        AgentNotFound: one of `by_id` does not work here.
    """
    if not by_id and "@" not in text:
        return ()
    agents = {one.id: Agent(one.id, one.name) for one in await desk.agents.all()}
    named = [str(one) for one in by_id]
    if any(one not in agents for one in named):
        raise AgentNotFound("Nobody who works here has this id")
    return tuple(dict.fromkeys([*named, *mentioned(text, agents=agents.values())]))
