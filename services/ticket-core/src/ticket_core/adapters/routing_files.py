"""`programme/routing.yaml` as the domain's rules of routing."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from kawal.contracts.words import Channel
from kawal.programme import Label, ProgrammeError, Topics, load_yaml
from kawal.programme.loading import Closed
from ticket_core.domain.errors import UnknownSkill, UnknownTeam
from ticket_core.domain.kinds import Priority
from ticket_core.domain.presence import Attendance
from ticket_core.domain.profiles import Profile
from ticket_core.domain.routing import RoutingRules

FILE = "routing.yaml"

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Capacity = Annotated[int, Field(ge=1, le=1_000)]
Weight = Annotated[int, Field(ge=1, le=1_000)]
Minutes = Annotated[float, Field(ge=0, le=7 * 24 * 60)]
HeadStart = Annotated[float, Field(ge=-7 * 24 * 60, le=7 * 24 * 60)]


class Crew(Closed):
    """A skill or a team, and the topics (or groups of topics) that ask for it."""

    key: Key
    label: Label
    topics: tuple[str, ...] = ()


class RoutingFile(Closed):
    """The file as its owner writes it."""

    capacity: Capacity
    weights: dict[Channel, Weight]
    engaged_minutes: Minutes
    head_start_minutes: dict[Priority, HeadStart]
    reserve_after_minutes: Minutes
    sticky_hours: Annotated[float, Field(ge=0, le=24 * 365)]
    away_after_seconds: Annotated[float, Field(ge=60, le=3_600)]
    offline_after_minutes: Annotated[float, Field(ge=1, le=24 * 60)]
    grace_minutes: dict[Channel, Minutes]
    skills: tuple[Crew, ...] = ()
    team_first_minutes: Minutes
    teams: tuple[Crew, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "RoutingFile":
        complete = (
            ("weights", self.weights, Channel),
            ("grace_minutes", self.grace_minutes, Channel),
            ("head_start_minutes", self.head_start_minutes, Priority),
        )
        for name, given, wanted in complete:
            if missing := [word for word in wanted if word not in given]:
                raise ValueError(f"`{name}` says nothing of {', '.join(missing)}")
        if (heaviest := max(self.weights.values())) > self.capacity:
            raise ValueError(f"`capacity` must be at least {heaviest}, or nobody gets the heaviest cases")
        if self.offline_after_minutes * 60 < self.away_after_seconds:
            raise ValueError("`offline_after_minutes` must not come before `away_after_seconds`")
        keys = Counter([one.key for one in self.skills] + [f"{one.key} (team)" for one in self.teams])
        if twice := sorted(key for key, count in keys.items() if count > 1):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self

    @classmethod
    def load(cls, programme: Path) -> "RoutingFile":
        """Read `routing.yaml` in the folder `programme`.

        Raises:
            ProgrammeError: it cannot be used, or names a topic that is not in `topics.yaml`.
        """
        file = load_yaml(programme / FILE, cls)
        groups = {group.key for group in Topics.load(programme).groups}
        known = groups | set(Topics.load(programme))
        unknown = {topic for crew in (*file.skills, *file.teams) for topic in crew.topics} - known
        if unknown:
            raise ProgrammeError(programme / FILE, f"topics.yaml has no {', '.join(sorted(unknown))}")
        return file

    def require_known(self, profile: Profile) -> None:
        """Raises `UnknownSkill` or `UnknownTeam`."""
        if unknown := profile.skills - {one.key for one in self.skills}:
            raise UnknownSkill(f"See programme/{FILE}: {', '.join(sorted(unknown))}")
        if unknown := profile.teams - {one.key for one in self.teams}:
            raise UnknownTeam(f"See programme/{FILE}: {', '.join(sorted(unknown))}")

    @property
    def attendance(self) -> Attendance:
        return Attendance(
            away_after=timedelta(seconds=self.away_after_seconds),
            offline_after=timedelta(minutes=self.offline_after_minutes),
        )

    @property
    def rules(self) -> RoutingRules:
        return RoutingRules(
            capacity=self.capacity,
            weights=self.weights,
            head_starts={priority: timedelta(minutes=given) for priority, given in self.head_start_minutes.items()},
            skills=_by_topic(self.skills),
            teams=_by_topic(self.teams),
            team_first=timedelta(minutes=self.team_first_minutes),
            reserve_after=timedelta(minutes=self.reserve_after_minutes),
            engaged_for=timedelta(minutes=self.engaged_minutes),
            sticky_for=timedelta(hours=self.sticky_hours),
            grace={channel: timedelta(minutes=given) for channel, given in self.grace_minutes.items()},
        )


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    RoutingFile.load(programme)


def _by_topic(crews: Sequence[Crew]) -> dict[str, frozenset[str]]:
    """What each topic, or group of topics, asks for."""
    named = {topic for crew in crews for topic in crew.topics}
    return {topic: frozenset(one.key for one in crews if topic in one.topics) for topic in named}
