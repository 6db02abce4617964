"""Agents at a desk with routing, for tests of the task, the API and the console."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.domain.presence import Presence
from ticket_core.domain.profiles import Profile
from ticket_core.routing import Apply, Routing
from ticket_core.store.agents import Agents
from ticket_core.store.attendance import Attendances
from ticket_core.store.store import utc_now

FILE = RoutingFile.load(Path(__file__).parents[3] / "programme")


class Shift:
    """A clock that the test moves, people who come and go, and rounds of routing."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.agents = Agents(engine)
        self.attendances = Attendances(engine, attendance=FILE.attendance)
        self._engine = engine
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self._ahead

    def pass_time(self, **duration: float) -> None:
        self._ahead += timedelta(**duration)

    async def hire(self, name: str, **profile: Any) -> str:
        agent_id = await self.agents.put(email=f"{name}@example.id", name=name, password="a long password")
        if profile:
            await self.attendances.set_profile(agent_id, Profile(**profile))
        return agent_id

    async def come(self, name: str, **profile: Any) -> str:
        """Hire somebody who is available at once."""
        agent_id = await self.hire(name, **profile)
        await self.attendances.choose(agent_id, Presence.AVAILABLE, now=self.now())
        return agent_id

    def routing(self, apply: Apply, clock: Callable[[], datetime] | None = None, **changes: Any) -> Routing:
        given: dict[str, Any] = {"rules": FILE.rules, "attendance": FILE.attendance} | changes
        return Routing(self._engine, apply=apply, clock=clock or self.now, **given)
