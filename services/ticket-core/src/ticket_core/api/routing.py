"""`/v1/presence`, `/v1/agents/{id}/profile` and `/v1/routing`: who is there, what each can do, what waits."""

from dataclasses import asdict, dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from kawal.contracts.words import Locale
from ticket_core.adapters.routing_files import Key
from ticket_core.api.answers import answer, problems
from ticket_core.api.asking import AtDesk, Body
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.staffing import PresenceView
from ticket_core.domain.errors import NotSupervisor
from ticket_core.domain.presence import Presence
from ticket_core.domain.profiles import Profile
from ticket_core.store.board import AgentAtWork, Queue, TeamAtWork

MOST_SHOWN = 500

router = APIRouter(prefix="/v1", tags=["routing"], responses=problems(401))


class PresenceBody(Body):
    """What you want to be. Without one of your screens open (`GET /v1/events`) it holds for a minute or so."""

    presence: Presence


class ProfileBody(Body):
    """Replaces the profile. A `capacity` of null is the programme's, 0 gives nothing to the agent."""

    capacity: Annotated[int, Field(ge=0, le=1_000)] | None = None
    skills: Annotated[frozenset[Key], Field(max_length=100)] = frozenset()
    languages: Annotated[frozenset[Locale], Field(min_length=1)] = frozenset(Locale)
    teams: Annotated[frozenset[Key], Field(max_length=100)] = frozenset()


@dataclass(frozen=True, slots=True)
class ProfileView:
    capacity: int | None
    skills: list[str]
    languages: list[str]
    teams: list[str]


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team of `programme/routing.yaml`: `present` of its `members` are available, `waiting` cases are its own."""

    key: str
    label: dict[Locale, str]
    topics: list[str]
    members: int
    present: int
    waiting: int


@router.get("/presence", response_model=PresenceView)
async def get_presence(desk: AtDesk, agent: CurrentAgent) -> Response:
    """Whether you are given cases."""
    return answer(await desk.staffing.presence(agent.id, now=desk.clock()))


@router.put("/presence", response_model=PresenceView, responses=problems(403, 422))
async def set_presence(body: PresenceBody, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Be available, away or offline. What waits for you goes to others when you are away for longer than the grace."""
    await desk.staffing.attendances.choose(agent.id, body.presence, now=desk.clock())
    desk.staffing.changed()
    return answer(await desk.staffing.presence(agent.id, now=desk.clock()))


@router.get("/agents/{agent_id}/profile", response_model=ProfileView, responses=problems(422))
async def get_profile(agent_id: UUID, desk: AtDesk, _agent: CurrentAgent) -> Response:
    """What an agent can do."""
    return answer(_shown((await desk.staffing.attendances.colleague(str(agent_id))).profile))


@router.put("/agents/{agent_id}/profile", response_model=ProfileView, responses=problems(403, 422))
async def set_profile(agent_id: UUID, body: ProfileBody, desk: AtDesk, agent: CurrentAgent) -> Response:
    """Say what an agent can do; for supervisors."""
    if "supervisor" not in agent.roles:
        raise NotSupervisor("Ask a supervisor")
    profile = Profile(capacity=body.capacity, skills=body.skills, languages=body.languages, teams=body.teams)
    desk.staffing.file.require_known(profile)
    await desk.staffing.attendances.set_profile(str(agent_id), profile)
    desk.staffing.changed()
    return answer(_shown(profile))


@router.get("/routing/agents", response_model=list[AgentAtWork])
async def list_agents_at_work(desk: AtDesk, _agent: CurrentAgent) -> Response:
    """Everybody who works here: whether he is there, how much he has, how much he can have."""
    return answer(await desk.staffing.board.agents(now=desk.clock()))


@router.get("/routing/teams", response_model=list[TeamView])
async def list_teams(desk: AtDesk, _agent: CurrentAgent) -> Response:
    """The programme's teams, and how they are staffed now."""
    crews = {crew.key: crew for crew in desk.staffing.file.teams}
    found: list[TeamAtWork] = await desk.staffing.board.teams(list(crews), now=desk.clock())
    return answer(
        [
            TeamView(
                label={locale: crews[one.key].label.into(locale) for locale in Locale},
                topics=list(crews[one.key].topics),
                **asdict(one),
            )
            for one in found
        ]
    )


@router.get("/routing/queue", response_model=Queue, responses=problems(422))
async def get_queue(
    desk: AtDesk, _agent: CurrentAgent, limit: Annotated[int, Query(ge=1, le=MOST_SHOWN)] = 100
) -> Response:
    """What waits for an agent, next one first."""
    return answer(await desk.staffing.board.queue(now=desk.clock(), limit=limit))


def _shown(profile: Profile) -> ProfileView:
    return ProfileView(profile.capacity, sorted(profile.skills), sorted(profile.languages), sorted(profile.teams))
