"""`/v1/bulk-actions`: the same command for up to 500 cases, with a result for each."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from kawal import case_numbers
from kawal.database import is_outage
from kawal.errors import KawalError, TransientError
from kawal.http import Unavailable
from kawal.observability.tracing import current_traceparent
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body, Command, requested_once
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.commands import AssignBody, ResolveBody, TopicBody, named_assignee
from ticket_core.api.desk import Desk
from ticket_core.api.life import FieldsBody, HoldBody, NoteBody, PriorityBody, TagsBody, called
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import CaseNotFound
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import (
    AgentCommand,
    Assign,
    ChangeTags,
    ChangeTopic,
    Hold,
    Once,
    Pend,
    Prioritise,
    Reopen,
    Resolve,
    Resume,
    SetFields,
    WriteNote,
)

MOST_CASES = 500
AT_ONCE = 32
"""So many are with the batcher at a time: half of its batch, so that the commands of others come between."""

router = APIRouter(prefix="/v1/bulk-actions", tags=["commands"], responses=problems(400, 401, 403, 409, 413, 422, 503))


class AssignAction(AssignBody):
    kind: Literal["assign"]


class TopicAction(TopicBody):
    kind: Literal["topic"]


class PriorityAction(PriorityBody):
    kind: Literal["priority"]


class TagsAction(TagsBody):
    kind: Literal["tags"]


class FieldsAction(FieldsBody):
    kind: Literal["fields"]


class NoteAction(NoteBody):
    kind: Literal["note"]


class ResolveAction(ResolveBody):
    kind: Literal["resolve"]


class HoldAction(HoldBody):
    kind: Literal["hold"]


class StateAction(Body):
    """A change of state that needs nothing else."""

    kind: Literal["reopen", "pend", "resume"]


_STEPS: dict[str, Callable[..., AgentCommand]] = {"reopen": Reopen, "pend": Pend, "resume": Resume}

Action = Annotated[
    AssignAction
    | TopicAction
    | PriorityAction
    | TagsAction
    | FieldsAction
    | NoteAction
    | ResolveAction
    | HoldAction
    | StateAction,
    Field(discriminator="kind"),
]


class BulkCase(Body):
    """With `last_seq`, it is refused (`case_changed`) if `number` is not the case's own, or anything came behind it."""

    number: Annotated[str, Field(min_length=1, max_length=32)]
    last_seq: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class BulkBody(Body):
    """`action` is what `POST /v1/cases/{number}/…` takes, with the `kind` of command."""

    cases: Annotated[list[BulkCase], Field(min_length=1, max_length=MOST_CASES)]
    action: Action


@dataclass(frozen=True, slots=True)
class BulkProblem:
    """As the command alone would have been refused. `etag` is the version that a `case_changed` has now."""

    status: int
    code: str
    title: str
    detail: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """`number` as it was sent. Of the other two one is null."""

    number: str
    applied: Applied | None
    problem: BulkProblem | None


@dataclass(frozen=True, slots=True)
class BulkResults:
    """In the order of the cases sent."""

    done: int
    refused: int
    items: list[BulkResult]


class DuplicateCase(KawalError):
    status, code, title = 422, "duplicate_case", "A case is named twice"


@router.post("", response_model=BulkResults)
async def act_on_many(
    body: BulkBody, desk: AtDesk, agent: CurrentAgent, once: Annotated[Once | None, Depends(requested_once)]
) -> Response:
    """Do the same with many cases. Each is done or refused on its own, and `items` says which.

    An `Idempotency-Key` is of the whole request: sent again, what was done is answered as before, and what was refused
    is tried again. So after a 503, or a problem 503 of some cases, send the same request with the same key.
    """
    numbers = [case_numbers.parse(case.number) for case in body.cases]
    refuse_twice([number for number in numbers if number is not None])
    command = await _command(desk, agent, body.action)
    if once is not None:
        await desk.claims.claim(replace(once, scope=f"bulk:{agent.id}"))
    commands = [
        command(**_asked(number, case, agent, once)) if number is not None else None
        for number, case in zip(numbers, body.cases, strict=True)
    ]
    outcomes = await all_done(desk, commands)
    return answer(results_of([case.number for case in body.cases], outcomes))


def results_of(numbers: Sequence[str], outcomes: Sequence[Applied | KawalError]) -> BulkResults:
    """What became of each, by the number that was sent for it."""
    items = [_result(number, outcome) for number, outcome in zip(numbers, outcomes, strict=True)]
    done = sum(item.applied is not None for item in items)
    return BulkResults(done, len(items) - done, items)


def refuse_twice(numbers: Sequence[str]) -> None:
    """Raises `DuplicateCase`; of plain numbers."""
    if len(set(numbers)) < len(numbers):
        raise DuplicateCase("Name each case once")


def _asked(number: str, case: BulkCase, agent: Agent, once: Once | None) -> Command:
    """The part of the command that is this case's own; its key is a part of the request's."""
    return Command(
        number=number,
        agent=agent,
        once=replace(once, scope=f"bulk-case:{agent.id}", key=f"{once.key}:{number}") if once else None,
        only_if=None if case.last_seq is None else frozenset({f"{number}.{case.last_seq}"}),
        traceparent=current_traceparent(),
    )


async def _command(desk: Desk, agent: Agent, action: Action) -> Callable[..., AgentCommand]:
    """Makes the command for one case of what `_asked` gives; what is the same for all is looked up once."""
    match action:
        case AssignAction():
            return partial(Assign, assignee=await named_assignee(desk, action.assignee_id, agent))
        case NoteAction():
            mentions = await called(desk, action.text, by_id=action.mentions)
            return partial(WriteNote, text=action.text, mentions=mentions)
        case ResolveAction():
            return partial(Resolve, reason=action.reason)
        case HoldAction():
            return partial(Hold, reason=action.reason)
        case StateAction():
            return _STEPS[action.kind]
        case _:
            return _writing(action)


def _writing(action: TopicAction | PriorityAction | TagsAction | FieldsAction) -> Callable[..., AgentCommand]:
    match action:
        case TopicAction():
            return partial(ChangeTopic, topic=action.topic)
        case PriorityAction():
            return partial(Prioritise, priority=action.priority)
        case TagsAction():
            return partial(ChangeTags, add=action.add, remove=action.remove)
        case FieldsAction():
            return partial(SetFields, values=action.values)


async def all_done(desk: Desk, commands: Sequence[AgentCommand | None]) -> list[Applied | KawalError]:
    """What became of each. Once the database does not answer in time, nothing more is tried."""
    waiting, outcomes = iter(commands), list[Applied | KawalError]()
    while some := list(islice(waiting, AT_ONCE)):
        outcomes += await asyncio.gather(*(_one(desk, command) for command in some))
        if any(isinstance(outcome, Unavailable) for outcome in outcomes):
            outcomes += [Unavailable("It was not tried; try again with the same key") for _ in waiting]
    return outcomes


async def _one(desk: Desk, command: AgentCommand | None) -> Applied | KawalError:
    if command is None:
        return CaseNotFound("This is not a case number")
    try:
        return await desk.batcher.submit(command)
    except KawalError as refused:
        return refused
    except Exception as error:
        if isinstance(error, TransientError) or is_outage(error):
            return Unavailable("Try again in a moment, with the same key")
        raise


def _result(number: str, outcome: Applied | KawalError) -> BulkResult:
    if isinstance(outcome, Applied):
        return BulkResult(number, outcome, None)
    etag: Any = outcome.members.get("etag")
    return BulkResult(number, None, BulkProblem(outcome.status, outcome.code, outcome.title, str(outcome), etag))
