"""`/v1/rules`: what is done by itself when something happens to a case. For supervisors."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from ticket_core.adapters.rule_source import RuleSource
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body
from ticket_core.api.supervisors import Supervisor
from ticket_core.api.versions import ETAG, IfMatch
from ticket_core.domain.conditions import Checked
from ticket_core.domain.errors import InvalidRule, RuleNotFound
from ticket_core.domain.rehearsing import Because, Reason
from ticket_core.rule_rehearsal import MOST_CASES, DryRun
from ticket_core.rule_shelf import Shelved
from ticket_core.store.queries import plain_number
from ticket_core.store.stored_rules import MOST_LISTED, FiringView, RuleVersion

router = APIRouter(prefix="/v1/rules", tags=["rules"], responses=problems(401, 403, 422, 503))

RuleKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
_WITH_ETAG: dict[int | str, dict[str, Any]] = {200: {"headers": ETAG}}
_CHANGING = problems(400, 404, 409, 412) | _WITH_ETAG


@dataclass(frozen=True, slots=True)
class RuleView:
    """`definition` is the rule as it was written. `origin`: `file` (`programme/rules.yaml`, changed there) or `desk`.

    With `problems` it cannot be used any more, because the programme has changed, and does nothing.
    """

    key: str
    version: int
    origin: str
    enabled: bool
    order: int
    definition: dict[str, Any]
    problems: list[str]
    changed_at: datetime | None
    changed_by: str | None
    changed_by_name: str | None


@dataclass(frozen=True, slots=True)
class RuleList:
    """In the order in which they act."""

    items: list[RuleView]


@dataclass(frozen=True, slots=True)
class RuleVersionView:
    """`definition` is null where the rule was removed."""

    version: int
    definition: dict[str, Any] | None
    at: datetime
    agent_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class RuleVersions:
    items: list[RuleVersionView]


@dataclass(frozen=True, slots=True)
class RuleFirings:
    items: list[FiringView]


@dataclass(frozen=True, slots=True)
class RuleReasonView:
    """`failed` are the conditions for want of which nothing was done; `checked` is all of them."""

    seq: int
    because: Because
    refused: str | None
    failed: list[Checked]
    checked: Checked


@dataclass(frozen=True, slots=True)
class WhyView:
    """At the latest entries that the rule waits for; none at all: nothing of the kind has happened in the case."""

    rule: str
    enabled: bool
    number: str
    items: list[RuleReasonView]


class DryRunBody(Body):
    """`cases`: so many, those in which something happened last.

    `rule` is tried out in place of the one with its key, enabled or not; with `alone`, without all the others.
    """

    cases: Annotated[int, Field(ge=1, le=MOST_CASES)] = 100
    rule: RuleSource | None = None
    alone: bool = False


@router.get("", response_model=RuleList)
async def list_rules(desk: AtDesk, _agent: Supervisor) -> Response:
    """All of them, also those that are disabled."""
    return answer(RuleList([_shown(one) for one in await desk.rules.all()]))


@router.post("", status_code=201, response_model=RuleView, responses=problems(409) | {201: {"headers": ETAG}})
async def add_rule(body: RuleSource, desk: AtDesk, agent: Supervisor) -> Response:
    """Add a rule. It answers to what happens from now on. A key is used once: sent twice, the second is refused."""
    return _one(await desk.rules.add(body, agent), status=201)


@router.post("/dry-run", response_model=DryRun)
async def dry_run_rules(body: DryRunBody, desk: AtDesk, _agent: Supervisor) -> Response:
    """What rules would have done with what has happened; nothing is written.

    Each entry is shown to them with the case as it was then. What people did later is as it was.
    """
    shelved = await desk.rules.all()
    if body.rule is not None:
        draft = await desk.rules.draft(body.rule)
        shelved = [draft] if body.alone else [one for one in shelved if one.source.key != body.rule.key] + [draft]
    return answer(await desk.rehearsals.dry_run(desk.rules.book_of(shelved), cases=body.cases))


@router.get("/{rule_key}", response_model=RuleView, responses=problems(404) | _WITH_ETAG)
async def get_rule(rule_key: RuleKey, desk: AtDesk, _agent: Supervisor) -> Response:
    """One of them."""
    return _one(await desk.rules.get(rule_key))


@router.put("/{rule_key}", response_model=RuleView, responses=_CHANGING)
async def change_rule(
    rule_key: RuleKey, body: RuleSource, desk: AtDesk, agent: Supervisor, only_if: IfMatch
) -> Response:
    """Replace a rule; what it was is kept under `/versions`. Its key stays."""
    if body.key != rule_key:
        raise InvalidRule(["key: it stands in timelines, so it stays; add another rule"])
    return _one(await desk.rules.change(body, agent, only_if=only_if))


@router.delete("/{rule_key}", status_code=204, responses=problems(400, 404, 409, 412))
async def remove_rule(rule_key: RuleKey, desk: AtDesk, agent: Supervisor, only_if: IfMatch) -> Response:
    """It does nothing more. What it was is kept under `/versions`."""
    await desk.rules.remove(rule_key, agent, only_if=only_if)
    return Response(status_code=204)


@router.post("/{rule_key}/enable", response_model=RuleView, responses=_CHANGING)
async def enable_rule(rule_key: RuleKey, desk: AtDesk, agent: Supervisor, only_if: IfMatch) -> Response:
    """Let it answer to what happens from now on."""
    return _one(await desk.rules.enable(rule_key, agent, enabled=True, only_if=only_if))


@router.post("/{rule_key}/disable", response_model=RuleView, responses=_CHANGING)
async def disable_rule(rule_key: RuleKey, desk: AtDesk, agent: Supervisor, only_if: IfMatch) -> Response:
    """It does nothing until it is enabled again."""
    return _one(await desk.rules.enable(rule_key, agent, enabled=False, only_if=only_if))


@router.get("/{rule_key}/versions", response_model=RuleVersions, responses=problems(404))
async def list_rule_versions(rule_key: RuleKey, desk: AtDesk, _agent: Supervisor) -> Response:
    """What it was, who changed it and when, the latest first; also of one that was removed. Of the file, none."""
    found = await desk.rules.stored.versions(rule_key)
    if not found:
        await desk.rules.get(rule_key)
    return answer(RuleVersions([_version(one) for one in found]))


@router.get("/{rule_key}/firings", response_model=RuleFirings, responses=problems(404))
async def list_rule_firings(
    rule_key: RuleKey, desk: AtDesk, _agent: Supervisor, limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 25
) -> Response:
    """What it did last, and what it was refused, the latest first."""
    found = await desk.rules.stored.firings(rule_key, limit=limit)
    if not found and not await desk.rules.stored.versions(rule_key):
        await desk.rules.get(rule_key)
    return answer(RuleFirings(found))


@router.get("/{rule_key}/why", response_model=WhyView, responses=problems(400, 404))
async def why_rule(
    rule_key: RuleKey,
    desk: AtDesk,
    _agent: Supervisor,
    case: Annotated[str, Query(description="Any number of a case", min_length=1, max_length=32)],
) -> Response:
    """Why the rule did something in a case, or did nothing: at each of the latest entries that it waits for."""
    found = await desk.rules.get(rule_key)
    if found.rule is None:
        raise RuleNotFound("It cannot be used any more; see its problems")
    reasons = await desk.rehearsals.why(found.rule, desk.rules.book_of([found]), plain_number(case))
    return answer(WhyView(rule_key, found.source.enabled, plain_number(case), [_reason(one) for one in reasons]))


def _one(shelved: Shelved, *, status: int = 200) -> Response:
    return answer(_shown(shelved), status=status, headers={"ETag": f'"{shelved.etag}"'})


def _shown(one: Shelved) -> RuleView:
    source = one.source
    return RuleView(
        key=source.key,
        version=one.version,
        origin="file" if one.of_file else "desk",
        enabled=source.enabled,
        order=source.order,
        definition=source.written,
        problems=list(one.problems),
        changed_at=one.at,
        changed_by=one.agent_id,
        changed_by_name=one.agent_name,
    )


def _version(one: RuleVersion) -> RuleVersionView:
    definition = json.loads(one.definition) if one.definition else None
    return RuleVersionView(one.version, definition, one.at, one.agent_id, one.agent_name)


def _reason(one: Reason) -> RuleReasonView:
    return RuleReasonView(one.seq, one.because, one.refused, one.failed, one.checked)
