"""`/v1/macros`: what agents say and do again and again, and `/v1/cases/{number}/macros/{key}`, which does it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from kawal.contracts.words import ConversationId
from kawal.http import Prose
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import Asked, AtDesk, Body, done
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.versions import ETAG, IfMatch
from ticket_core.domain.errors import InvalidMacro
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import UseMacro
from ticket_core.macro_shelf import Shelved

router = APIRouter(prefix="/v1/macros", tags=["macros"], responses=problems(401, 422, 503))
case_router = APIRouter(
    prefix="/v1/cases/{number}/macros", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)

_WITH_ETAG: dict[int | str, dict[str, Any]] = {200: {"headers": ETAG}}
MacroKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,30}$")]


@dataclass(frozen=True, slots=True)
class MacroWords:
    """In both languages."""

    id: str
    en: str


@dataclass(frozen=True, slots=True)
class MacroView:
    """`text` still has its placeholders; null, where there is nothing to say. `then` is what is done besides.

    Without `topics` it is for cases about anything. `origin`: `own` (yours), `team` (the `team`'s) or `file`
    (`programme/macros.yaml`, changed there, version 0).
    """

    key: str
    label: MacroWords
    topics: list[str]
    text: MacroWords | None
    then: dict[str, Any]
    origin: str
    team: str | None
    version: int


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


class MacroWriting(MacroSource):
    """With `team` it is that team's, which supervisors write; without it is your own."""

    team: Annotated[str, Field(max_length=31)] | None = None

    @property
    def macro(self) -> MacroSource:
        return MacroSource.model_validate(self.model_dump(by_alias=True, exclude_unset=True, exclude={"team"}))


@router.get("", response_model=MacroList)
async def list_macros(
    desk: AtDesk,
    agent: CurrentAgent,
    topic: Annotated[str | None, Query(description="Only those that are of use for it", max_length=64)] = None,
) -> Response:
    """Your own, your teams' and the programme's; or those of them for a topic: the ones for just such cases first."""
    shelf = desk.macros
    found = await shelf.seen_by(agent) if topic is None else await shelf.meant_for(topic, agent)
    return answer(MacroList([_shown(one) for one in found]))


@router.post("", status_code=201, response_model=MacroView, responses=problems(403, 409) | {201: {"headers": ETAG}})
async def add_macro(body: MacroWriting, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Write one for yourself, or as a supervisor for a team. A key is used once: sent twice, the second is refused."""
    return _one(await desk.macros.add(body.macro, agent, team=body.team), status=201)


@router.get("/{macro_key}", response_model=MacroView, responses=problems(404) | _WITH_ETAG)
async def get_macro(macro_key: MacroKey, desk: AtDesk, agent: CurrentAgent) -> Response:
    """One of them."""
    return _one(await desk.macros.get(macro_key, agent))


@router.put("/{macro_key}", response_model=MacroView, responses=problems(400, 403, 404, 409, 412) | _WITH_ETAG)
async def change_macro(
    macro_key: MacroKey, body: MacroWriting, desk: AtDesk, agent: CurrentAgent, only_if: IfMatch
) -> Response:
    """Replace one. Its key, and whose it is, stay; what was sent with it is as it was."""
    before = await desk.macros.get(macro_key, agent)
    if body.key != macro_key or body.team != before.team:
        raise InvalidMacro(["key, team: they stay; add another macro"])
    return _one(await desk.macros.change(body.macro, agent, only_if=only_if))


@router.delete("/{macro_key}", status_code=204, responses=problems(400, 403, 404, 409, 412))
async def remove_macro(macro_key: MacroKey, desk: AtDesk, agent: CurrentAgent, only_if: IfMatch) -> Response:
    """It is offered no more; what was sent with it is as it was."""
    await desk.macros.remove(macro_key, agent, only_if=only_if)
    return Response(status_code=204)


@router.get("/{macro_key}/preview", response_model=MacroPreview, responses=problems(400, 404))
async def preview_macro(
    macro_key: MacroKey,
    desk: AtDesk,
    agent: CurrentAgent,
    case: Annotated[str, Query(description="Any number of a case", min_length=1, max_length=32)],
    conversation_id: Annotated[str | None, Query(description="Where it would be said", max_length=80)] = None,
) -> Response:
    """What the participant of a case would read, in the language of the conversation; nothing is sent."""
    found = await desk.macros.get(macro_key, agent)
    view = await desk.cases.case(case)
    filled = desk.macros.filled(found.macro, view, agent, conversation_id=conversation_id)
    return answer(MacroPreview(macro_key, filled.language, filled.text, found.source.does))


@case_router.post("/{macro_key}", response_model=Applied)
async def use_macro(macro_key: MacroKey, desk: AtDesk, asked: Asked, body: MacroBody | None = None) -> Response:
    """Say it and do all that it does; if one of it is not possible, nothing is done. `seq` is its first entry."""
    given = body or MacroBody()
    macro = (await desk.macros.get(macro_key, asked["agent"])).macro
    command = UseMacro(
        **asked,
        macro=macro,
        gaps=desk.macros.gaps,
        roster=await desk.macros.roster(macro),
        text=given.text,
        conversation_id=given.conversation_id,
    )
    return await done(desk, command)


def _one(shelved: Shelved, *, status: int = 200) -> Response:
    return answer(_shown(shelved), status=status, headers={"ETag": f'"{shelved.etag}"'})


def _shown(one: Shelved) -> MacroView:
    source = one.source
    text = MacroWords(source.text.id, source.text.en) if source.text else None
    label = MacroWords(source.label.id, source.label.en)
    origin = "team" if one.team else "own" if one.owner_id else "file"
    return MacroView(source.key, label, list(source.topics), text, source.does, origin, one.team, one.version)
