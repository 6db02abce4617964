"""`/v1/macros`: what agents say and do again and again, and `/v1/cases/{number}/macros/{key}`, which does it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from kawal.contracts.words import ConversationId
from kawal.http import Prose
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import Asked, AtDesk, Body, done
from ticket_core.api.auth import CurrentAgent
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import UseMacro
from ticket_core.macro_shelf import Shelved

router = APIRouter(prefix="/v1/macros", tags=["macros"], responses=problems(401, 422, 503))
case_router = APIRouter(
    prefix="/v1/cases/{number}/macros", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)

MacroKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,30}$")]


@dataclass(frozen=True, slots=True)
class MacroWords:
    """In both languages."""

    id: str
    en: str


@dataclass(frozen=True, slots=True)
class MacroView:
    """`text` still has its placeholders; null, where there is nothing to say. `then` is what is done besides.

    Without `topics` it is for cases about anything.
    """

    key: str
    label: MacroWords
    topics: list[str]
    text: MacroWords | None
    then: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MacroList:
    items: list[MacroView]


@dataclass(frozen=True, slots=True)
class MacroPreview:
    """`text` as the participant would read it, in his `language`; empty, where there is nothing to say."""

    key: str
    language: str
    text: str
    then: dict[str, Any]


class MacroBody(Body):
    """`text` is sent instead of the macro's own. Without `conversation_id`, to where the participant spoke last."""

    text: Annotated[Prose, Field(min_length=1, max_length=10_000)] | None = None
    conversation_id: ConversationId | None = None


@router.get("", response_model=MacroList)
async def list_macros(
    desk: AtDesk,
    _agent: CurrentAgent,
    topic: Annotated[str | None, Query(description="Only those that are of use for it", max_length=64)] = None,
) -> Response:
    """All of them, or those for a topic: the ones for just such cases first."""
    found = desk.macros.all if topic is None else desk.macros.meant_for(topic)
    return answer(MacroList([_shown(one) for one in found]))


@router.get("/{macro_key}/preview", response_model=MacroPreview, responses=problems(400, 404))
async def preview_macro(
    macro_key: MacroKey,
    desk: AtDesk,
    agent: CurrentAgent,
    case: Annotated[str, Query(description="Any number of a case", min_length=1, max_length=32)],
    conversation_id: Annotated[str | None, Query(description="Where it would be said", max_length=80)] = None,
) -> Response:
    """What the participant of a case would read, in the language of the conversation; nothing is sent."""
    found = desk.macros.get(macro_key)
    view = await desk.cases.case(case)
    filled = desk.macros.filled(found.macro, view, agent, conversation_id=conversation_id)
    return answer(MacroPreview(macro_key, filled.language, filled.text, found.source.does))


@case_router.post("/{macro_key}", response_model=Applied)
async def use_macro(macro_key: MacroKey, desk: AtDesk, asked: Asked, body: MacroBody | None = None) -> Response:
    """Say it and do all that it does; if one of it is not possible, nothing is done. `seq` is its first entry."""
    given = body or MacroBody()
    macro = desk.macros.get(macro_key).macro
    command = UseMacro(
        **asked,
        macro=macro,
        gaps=desk.macros.gaps,
        roster=await desk.macros.roster(macro),
        text=given.text,
        conversation_id=given.conversation_id,
    )
    return await done(desk, command)


def _shown(one: Shelved) -> MacroView:
    source = one.source
    text = MacroWords(source.text.id, source.text.en) if source.text else None
    label = MacroWords(source.label.id, source.label.en)
    return MacroView(source.key, label, list(source.topics), text, source.does)
