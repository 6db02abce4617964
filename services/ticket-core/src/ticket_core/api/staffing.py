"""Who is there and what each can do, as the handlers and the console use it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.domain.errors import AgentNotFound
from ticket_core.domain.presence import Presence
from ticket_core.store.attendance import Attendances
from ticket_core.store.board import Board


@dataclass(frozen=True, slots=True)
class PresenceView:
    """`presence` is what counts now, `chosen` what you said; null, and offline, before you have said anything."""

    presence: Presence
    chosen: Presence | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Staffing:
    """`changed` is called after somebody came, left, or can do more."""

    file: RoutingFile
    attendances: Attendances
    board: Board
    changed: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, engine: AsyncEngine, file: RoutingFile, *, changed: Callable[[], None] = lambda: None) -> "Staffing":
        attendances = Attendances(engine, attendance=file.attendance)
        return cls(file, attendances, Board(engine, rules=file.rules, attendance=file.attendance), changed)

    async def presence(self, agent_id: str, *, now: datetime) -> PresenceView:
        """What an agent is now; the bootstrap token is nobody who could be there."""
        try:
            found = await self.attendances.colleague(agent_id)
        except AgentNotFound:
            return PresenceView(Presence.OFFLINE, None, None)
        sign = found.sign
        presence = found.presence(attendance=self.attendances.attendance, now=now)
        return PresenceView(presence, sign.chosen if sign else None, sign.chosen_at if sign else None)
