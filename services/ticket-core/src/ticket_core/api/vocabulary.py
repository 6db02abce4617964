"""`/v1/topics`, `/v1/reasons`, `/v1/fields` and `/v1/tags`: the words that commands and filters take."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from kawal.contracts.words import Locale
from kawal.http.inputs import Line
from kawal.programme import CaseField, FieldKind, Label, Reason
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk
from ticket_core.api.auth import CurrentAgent
from ticket_core.domain.tags import TAG_LENGTH
from ticket_core.store.tags import TagInUse

router = APIRouter(prefix="/v1", tags=["vocabulary"], responses=problems(401))

Names = dict[Locale, str]
ReasonFor = Literal["on_hold", "resolution"]
TopicKey = Annotated[Line, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class TopicView:
    """`key` is what cases have; the part before the dot is the `group`, which filters take as well."""

    key: str
    label: Names
    group: str
    group_label: Names


@dataclass(frozen=True, slots=True)
class TopicList:
    items: list[TopicView]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ReasonView:
    """`step` is what it is a reason for."""

    key: str
    label: Names
    step: ReasonFor


@dataclass(frozen=True, slots=True)
class ReasonList:
    items: list[ReasonView]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ChoiceView:
    key: str
    label: Names


@dataclass(frozen=True, slots=True)
class FieldView:
    """`topics` are those, or groups of those, whose cases have it; all cases where there are none."""

    key: str
    label: Names
    kind: FieldKind
    topics: list[str]
    choices: list[ChoiceView]


@dataclass(frozen=True, slots=True)
class FieldList:
    items: list[FieldView]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class TagList:
    items: list[TagInUse]
    next_cursor: str | None = None


@router.get("/topics", response_model=TopicList)
async def list_topics(desk: AtDesk, _agent: CurrentAgent) -> Response:
    """What cases may be about, in the programme's order (`programme/topics.yaml`)."""
    found = [
        TopicView(group.key_of(topic), _names(topic.label), group.key, _names(group.label))
        for group in desk.vocabulary.topics.groups
        for topic in group.topics
    ]
    return answer(TopicList(found))


@router.get("/reasons", response_model=ReasonList, responses=problems(422))
async def list_reasons(
    desk: AtDesk,
    _agent: CurrentAgent,
    step: Annotated[ReasonFor | None, Query(description="Only the reasons for this")] = None,
) -> Response:
    """Why a case waits for a third party, and how one was resolved (`programme/reasons.yaml`)."""
    known = desk.vocabulary.reasons
    lists: dict[ReasonFor, tuple[Reason, ...]] = {"on_hold": known.on_hold, "resolution": known.resolution}
    found = [ReasonView(one.key, _names(one.label), name) for name, reasons in lists.items() for one in reasons]
    return answer(ReasonList([one for one in found if step in (None, one.step)]))


@router.get("/fields", response_model=FieldList, responses=problems(422))
async def list_fields(
    desk: AtDesk,
    _agent: CurrentAgent,
    topic: Annotated[TopicKey | None, Query(description="Only those that a case about this topic has")] = None,
) -> Response:
    """What is written down about cases besides their messages (`programme/fields.yaml`)."""
    known = desk.vocabulary
    return answer(FieldList([_field(one) for one in (known.fields_for(topic) if topic else known.fields.fields)]))


@router.get("/tags", response_model=TagList, responses=problems(422, 503))
async def list_tags(
    desk: AtDesk,
    _agent: CurrentAgent,
    q: Annotated[str, Query(description="Only tags that begin so", max_length=TAG_LENGTH)] = "",
) -> Response:
    """The tags on the latest cases (20,000), the most used first; known anew each half minute."""
    begun = "-".join(q.lower().split())
    return answer(TagList([one for one in await desk.tags.used() if one.tag.startswith(begun)]))


def _field(field: CaseField) -> FieldView:
    choices = [ChoiceView(one.key, _names(one.label)) for one in field.choices]
    return FieldView(field.key, _names(field.label), field.kind, list(field.topics), choices)


def _names(label: Label) -> Names:
    return {locale: label.into(locale) for locale in Locale}
