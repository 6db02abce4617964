"""What all commands of REST have in common: which case, by whom, how often and for which version it is meant."""

import hashlib
import json
from typing import Annotated, TypedDict

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict

from kawal.http.idempotency import idempotency_key
from kawal.observability.tracing import current_traceparent
from ticket_core.api.answers import answer
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.api.versions import IfMatch, changed_meanwhile
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import CaseChangedMeanwhile
from ticket_core.domain.inputs import AgentCommand, JoinCommand, Once, UseMacro
from ticket_core.store.queries import plain_number


class Body(BaseModel):
    """What a command is told; what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid")


class NoBody(Body):
    """Nothing to say."""


# Read from the request, because it may stand in quotes; this one is for the documentation.
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same again is done once",
        json_schema_extra={"pattern": '^"?[A-Za-z0-9_.:-]{8,128}"?$'},
    ),
]


async def requested_once(request: Request, agent: CurrentAgent, _key: _Key = None) -> Once | None:
    """The caller's `Idempotency-Key`, bound to what he asks for; without one, each request is a new command."""
    if "idempotency-key" not in request.headers:
        return None
    asked_for = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    fingerprint = hashlib.sha256(f"{asked_for}\n{_plain(await request.body())}".encode()).hexdigest()
    return Once(scope=agent.id, key=await idempotency_key(request), fingerprint=fingerprint)


def _plain(body: bytes) -> str:
    """`body` without what does not matter in JSON: spaces, and the order of members."""
    try:
        return json.dumps(json.loads(body or b"{}"), sort_keys=True, separators=(",", ":"))
    except ValueError:  # no JSON: a command that takes no body may still be given one, of any kind
        return body.hex()


class Command(TypedDict):
    """What `ticket_core.domain.inputs.Command` takes, for any of its kinds: `Pend(**asked)`."""

    number: str
    agent: Agent
    once: Once | None
    only_if: frozenset[str] | None
    traceparent: str | None


async def _asked(
    number: str, agent: CurrentAgent, once: Annotated[Once | None, Depends(requested_once)], only_if: IfMatch
) -> Command:
    trace = current_traceparent()
    return Command(number=plain_number(number), agent=agent, once=once, only_if=only_if, traceparent=trace)


Asked = Annotated[Command, Depends(_asked)]
AtDesk = Annotated[Desk, Depends(desk_of)]


async def done(desk: Desk, command: AgentCommand | JoinCommand | UseMacro, *, status: int = 200) -> Response:
    """Do it, and answer what became of the case."""
    try:
        return answer(await desk.batcher.submit(command), status=status)
    except CaseChangedMeanwhile as refused:
        return await changed_meanwhile(desk.timelines, command.only_if or frozenset(), refused)
