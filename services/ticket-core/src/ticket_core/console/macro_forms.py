"""Where agents write macros for themselves and supervisors for teams; rows are added as in the form for rules."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from ticket_core.console.macro_draft import INSERT, MacroChecking, MacroDraft, of_form, of_macro, placeholder
from ticket_core.console.macro_pages import AtMacros, AtThem, MacroKey
from ticket_core.console.rendering import by_htmx, language
from ticket_core.console.rule_checking import Problem
from ticket_core.console.rule_choices import FIELD, choices_of
from ticket_core.console.rule_forms import ACTS, token
from ticket_core.domain.conditions import NONE
from ticket_core.domain.errors import MacroChanged, MacroExists, MacroOfFile, NotYourMacro
from ticket_core.domain.placeholders import fill
from ticket_core.store.saved_views import SUPERVISOR

router = APIRouter(prefix="/console/macros", include_in_schema=False)

OURS = tuple(one for one in ACTS if one not in ("reply", "macro"))
EXAMPLE_NUMBER, EXAMPLE_NAME = "4829130574", "Siti Rahayu"


@router.get("/new")
async def new_page(here: AtThem) -> Response:
    return await _form(here, MacroDraft(token=token()))


@router.get("/{macro_key}/edit")
async def edit_page(here: AtThem, macro_key: MacroKey) -> Response:
    found = await here.console.desk.macros.get(macro_key, here.agent)
    if not here.may_write(found):
        return await here.list(problem=NotYourMacro.code if found.team else MacroOfFile.code)
    return await _form(here, of_macro(found, token=token()))


@router.post("/draft")
async def change_draft(here: AtThem) -> Response:
    """The form with a row or a placeholder more, and with what a participant would read; nothing is saved."""
    form = await here.request.form()
    step, act = (str(form.get(name, ""))[:80] for name in ("do", "add_then"))
    draft = of_form(form)
    if not step.startswith(INSERT) or step.removeprefix(INSERT) in _names(here):
        draft = draft.changed(step, act=act)
    problems = _checking(here).text_problems(draft) if step == "preview" else {}
    return await _form(here, draft, problems=problems)


@router.post("")
async def save(here: AtThem) -> Response:
    """A new one, or another version of one: only of that which the form began with."""
    draft = of_form(await here.request.form())
    checked = _checking(here).check(draft)
    if checked.source is None:
        return await _form(here, draft, problems=checked.problems)
    macros = here.console.desk.macros
    try:
        if draft.key:
            await macros.change(checked.source, here.agent, only_if=frozenset({draft.version}))
        else:
            await macros.add(checked.source, here.agent, team=draft.team or None)
    except MacroChanged as changed:
        current = await macros.get(draft.key, here.agent)
        return await _form(here, draft, problem=changed.code, current=current)
    except MacroExists as there:
        before = [one.source for one in await macros.seen_by(here.agent)]
        if checked.source not in before:  # else this form was sent twice: its key has its token
            return await _form(here, draft, problem=there.code)
    except KawalError as refused:
        return await _form(here, draft, problem=refused.code)
    return RedirectResponse(f"/console/macros#macro-{checked.source.key}", status_code=303)


def _checking(here: AtMacros) -> MacroChecking:
    return MacroChecking(here.console.desk.macros.maker, here.console.words.fields.fields)


def _names(here: AtMacros) -> list[str]:
    return sorted(here.console.desk.macros.gaps.names(agent=True))


async def _form(
    here: AtMacros, draft: MacroDraft, *, problems: dict[str, Problem] | None = None, **more: Any
) -> Response:
    locale = language(here.request)
    choices = await choices_of(here.console, locale)
    fields = [FIELD + one.key for one in here.console.words.fields.fields]
    values = {one: _values(here, one) for one in Locale}
    context: dict[str, Any] = {
        "draft": draft,
        "form_at": "/console/macros",
        "choices": choices,
        "acts": [one for one in (*OURS, *fields) if one not in {act.what for act in draft.acts}],
        "topics": [one for one in choices.of("topic") if one[0] != NONE],
        "teams": choices.teams if SUPERVISOR in here.agent.roles else [],
        "placeholders": _names(here),
        "gives": [(one, placeholder(one, locale), values[locale].get(one, "")) for one in _names(here)],
        "preview": {str(one): fill(text, values[one]) for one, text in draft.texts.items()},
        "problems": problems or {},
        "problem": None,
        "current": None,
    }
    if by_htmx(here.request):
        return here.console.response(here.request, "macro_form.html", **context | more)
    return await here.page("macro_edit.html", **context | more)


def _values(here: AtMacros, locale: Locale) -> dict[str, str]:
    return here.console.desk.macros.gaps.values(
        locale=locale, number=EXAMPLE_NUMBER, participant=EXAMPLE_NAME, agent=here.agent.name
    )
