"""What stands around every page: where one can go, what waits there, and whether the agent is given cases."""

import asyncio
from typing import Any

from ticket_core.console.places import TO_DO, Place
from ticket_core.console.presence import presence_of
from ticket_core.console.rendering import Console
from ticket_core.domain.case import Agent


async def surroundings(console: Console, agent: Agent, *, here: str) -> dict[str, Any]:
    """For `console.html`; `here` is the place in the navigation.

    To be read before the page's own part, so that its stream of changes begins early enough: no gap.
    """
    after = await console.desk.live.here()
    presence, active, (_, suggested), unseen = await asyncio.gather(
        presence_of(console, agent.id),
        active_count(console),
        console.desk.rises.counts(),
        console.desk.mentions.unseen(agent.id),
    )
    return {
        "agent": agent,
        "here": here,
        "after": after,
        "places": list(Place),
        "presence": presence,
        "active_count": active,
        "suggested_incidents": suggested,
        "unseen_mentions": unseen,
    }


async def active_count(console: Console) -> int:
    """How many cases need somebody."""
    counts = await console.desk.cases.active_counts()
    return sum(counts[state] for state in TO_DO)
