"""Where supervisors write rules: rows are added by the server, so that it works without script too."""

from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from ticket_core.console.act_rows import Row
from ticket_core.console.rendering import by_htmx, language
from ticket_core.console.rule_checking import Checking, Problem, RuleChecking
from ticket_core.console.rule_choices import FIELD, Choices, choices_of
from ticket_core.console.rule_draft import Draft, of_form, of_rule
from ticket_core.console.rule_pages import AtRules, Here, RuleKey
from ticket_core.domain.errors import RuleChanged, RuleExists, RuleOfFile
from ticket_core.domain.occasions import EVENTS

router = APIRouter(prefix="/console/rules", include_in_schema=False)

LATEST = ("100", "500", "1000")
USUAL_EVENTS = (
    "opened", "contact", "reply", "state", "assigned", "topic", "priority", "tags", "fields", "note", "delivery",
    "sla_warned", "sla_breached",
)  # fmt: skip
CONDITIONS = (
    "words", "channel", "topic", "state", "priority", "tags", "assignee", "team", "language", "author", "hours",
    "since", "entry.state",
)  # fmt: skip
ACTS = ("priority", "topic", "add_tags", "remove_tags", "assign", "team", "note", "reply", "macro", "state")


@router.get("/new")
async def new_page(here: Here) -> Response:
    return await _form(here, Draft(token=token()))


@router.get("/{rule_key}/edit")
async def edit_page(here: Here, rule_key: RuleKey) -> Response:
    rule = await here.console.desk.rules.get(rule_key)
    if rule.of_file:
        return await here.one(rule_key, problem=RuleOfFile.code)
    draft = of_rule(rule.source, version=rule.etag, token=token())
    choices = await choices_of(here.console, language(here.request))
    if draft is None or any(_says_nothing(row, choices) for row in draft.rows):
        return await here.one(rule_key, problem="rule_too_deep")
    return await _form(here, draft)


def _says_nothing(row: Row, choices: Choices) -> bool:
    """No line of a free text can say that there must be nothing."""
    return "" in row.values and row.what.startswith(FIELD) and not choices.of(row.what)


@router.post("/draft")
async def change_draft(here: Here) -> Response:
    """The form with a row more or less; nothing is saved."""
    form = await here.request.form()
    step, condition, act = (str(form.get(name, ""))[:80] for name in ("do", "add_if", "add_then"))
    return await _form(here, of_form(form).changed(step, condition=condition, act=act))


@router.post("/try")
async def try_out(here: Here) -> Response:
    """What it would have done with the latest cases, beside all that act already; nothing is written."""
    form = await here.request.form()
    draft, cases = of_form(form), str(form.get("cases", ""))
    checked = _checked(here, draft)
    if checked.source is None:
        return await _form(here, draft, problems=checked.problems)
    rules, wanted = here.console.desk.rules, int(cases) if cases in LATEST else int(LATEST[0])
    try:
        tried = await rules.draft(checked.source)
        others = [one for one in await rules.all() if one.source.key != tried.source.key]
        rule = await rules.checked(tried.source)
        trial = await here.console.desk.rehearsals.trial(rule, rules.book_of([*others, tried]), cases=wanted)
    except KawalError as refused:
        return await _form(here, draft, problem=refused.code)
    count = next(one for one in trial.run.rules if one.rule == rule.key)
    return await _form(here, draft, trial=trial, count=count, latest=str(wanted))


@router.post("")
async def save(here: Here) -> Response:
    """A new one, or another version of one: only of that which the form began with."""
    draft = of_form(await here.request.form())
    checked = _checked(here, draft)
    if checked.source is None:
        return await _form(here, draft, problems=checked.problems)
    rules = here.console.desk.rules
    try:
        if draft.key:
            await rules.change(checked.source, here.agent, only_if=frozenset({draft.version}))
        else:
            await rules.add(checked.source, here.agent)
    except RuleChanged as changed:
        return await _collided(here, draft, changed)
    except RuleExists:
        pass  # this form was sent twice: its key has its token
    except KawalError as refused:
        return await _form(here, draft, problem=refused.code)
    return RedirectResponse(f"/console/rules/{checked.source.key}", status_code=303)


async def _collided(here: AtRules, draft: Draft, changed: RuleChanged) -> Response:
    """Nothing is lost: what the other one wrote stands, and what was typed here is still in the form."""
    current = await here.console.desk.rules.get(draft.key)
    return await _form(here, draft, problem=changed.code, current=current)


def _checked(here: AtRules, draft: Draft) -> Checking:
    maker, fields = here.console.desk.rules.maker, here.console.words.fields.fields
    return RuleChecking(maker, fields).check(draft)


async def _form(
    here: AtRules,
    draft: Draft,
    *,
    problems: dict[str, Problem] | None = None,
    problem: str | None = None,
    **more: Any,
) -> Response:
    fields = [FIELD + one.key for one in here.console.words.fields.fields]
    context: dict[str, Any] = {
        "draft": draft,
        "form_at": "/console/rules",
        "choices": await choices_of(here.console, language(here.request)),
        "usual_events": USUAL_EVENTS,
        "other_events": sorted(EVENTS - set(USUAL_EVENTS)),
        "conditions": [*CONDITIONS, *fields],
        "acts": [one for one in (*ACTS, *fields) if one not in {act.what for act in draft.acts}],
        "placeholders": sorted(here.console.desk.rules.maker.gaps.names(agent=False)),
        "problems": problems or {},
        "problem": problem,
        "current": None,
        "latest": LATEST[0],
        "latest_choices": LATEST,
        "trial": None,
    }
    if by_htmx(here.request):
        return here.console.response(here.request, "rule_form.html", **context | more)
    return await here.page("rule_edit.html", **context | more)


def token() -> str:
    return uuid4().hex[:5]
