"""The filter of a list as callers write it: in the query of `GET /v1/cases`, and kept in saved views."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Channel
from kawal.errors import KawalError
from kawal.http.inputs import Line
from ticket_core.domain.case import Agent
from ticket_core.domain.kinds import Priority
from ticket_core.store.filters import CaseFilter, Sla, Sort

MINE = "me"
NOBODY = "none"

States = Annotated[list[CaseState], Field(max_length=6)]
Priorities = Annotated[list[Priority], Field(max_length=4)]
Tags = Annotated[list[Annotated[Line, Field(min_length=1, max_length=64)]], Field(max_length=10)]
Assignee = Annotated[str, Field(max_length=64)]
Topic = Annotated[Line, Field(min_length=1, max_length=64)]


class InvalidAssignee(KawalError):
    status, code, title = 422, "invalid_assignee", "This is nobody"


class ViewFilter(BaseModel):
    """What a saved view shows. `assignee` is an agent's id, `none`, or `me`: whoever looks."""

    model_config = ConfigDict(extra="forbid")

    state: States = []
    active: bool = False
    assignee: Assignee | None = None
    channel: Channel | None = None
    topic: Topic | None = None
    incident: UUID | None = None
    priority: Priorities = []
    tag: Tags = []
    opened_from: AwareDatetime | None = None
    opened_until: AwareDatetime | None = None
    activity_from: AwareDatetime | None = None
    activity_until: AwareDatetime | None = None
    waiting_until: AwareDatetime | None = None
    sla: Sla | None = None
    sort: Sort = Sort.LATEST_ACTIVITY

    def of(self, agent: Agent, *, q: str | None = None) -> CaseFilter:
        """The cases that `agent` sees by it.

        Raises:
            InvalidAssignee: `assignee` is none of the three.
        """
        kept = self.model_dump(exclude={"state", "assignee", "priority", "tag", "incident", "sort"})
        return CaseFilter(
            states=tuple(self.state),
            priorities=tuple(self.priority),
            tags=tuple(self.tag),
            assignee_id=_assignee(self.assignee, agent),
            unassigned=self.assignee == NOBODY,
            incident_id=str(self.incident) if self.incident else None,
            q=q,
            **kept,
        )


async def view_filter(
    *,
    state: Annotated[list[CaseState] | None, Query(description="Only these states", max_length=6)] = None,
    active: Annotated[bool, Query(description="Only those that are not resolved or closed")] = False,
    assignee: Annotated[str | None, Query(description="An agent's id, `me` or `none`", max_length=64)] = None,
    channel: Annotated[Channel | None, Query(description="The participant used this channel")] = None,
    topic: Annotated[str | None, Query(description="A topic, or a group of them", min_length=1, max_length=64)] = None,
    incident: Annotated[UUID | None, Query(description="Is in this incident")] = None,
    priority: Annotated[list[Priority] | None, Query(description="Only these priorities", max_length=4)] = None,
    tag: Annotated[list[str] | None, Query(description="Has all these tags", max_length=10)] = None,
    opened_from: Annotated[AwareDatetime | None, Query(description="Opened then or later")] = None,
    opened_until: Annotated[AwareDatetime | None, Query(description="Opened before")] = None,
    activity_from: Annotated[AwareDatetime | None, Query(description="Something happened then or later")] = None,
    activity_until: Annotated[AwareDatetime | None, Query(description="Nothing happened from then on")] = None,
    waiting_until: Annotated[AwareDatetime | None, Query(description="Unanswered since before then")] = None,
    sla: Annotated[Sla | None, Query(description="A clock that runs is used up, or will soon be")] = None,
    sort: Annotated[Sort, Query(description="The order; `-` is the latest first")] = Sort.LATEST_ACTIVITY,
) -> ViewFilter:
    return ViewFilter.model_construct(
        state=state or [],
        active=active,
        assignee=assignee,
        channel=channel,
        topic=topic,
        incident=incident,
        priority=priority or [],
        tag=tag or [],
        opened_from=opened_from,
        opened_until=opened_until,
        activity_from=activity_from,
        activity_until=activity_until,
        waiting_until=waiting_until,
        sla=sla,
        sort=sort,
    )


def _assignee(written: str | None, agent: Agent) -> str | None:
    if written in (None, NOBODY):
        return None
    if written == MINE:
        return agent.id
    try:
        return str(UUID(written))
    except ValueError as broken:
        raise InvalidAssignee("An agent's id, `me` or `none`") from broken
