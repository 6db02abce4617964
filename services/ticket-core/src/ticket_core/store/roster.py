"""Reads the roster that rules name people and teams by."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.domain.presence import Attendance, Presence
from ticket_core.domain.roster import Member, Roster
from ticket_core.store.attendance import colleagues

_EMAILS = text("SELECT id::text, email FROM core.agents WHERE active")
_LOADS = text("""
    SELECT assignee_id::text, count(*) FROM core.cases
    WHERE assignee_id = ANY(CAST(:ids AS uuid[])) AND state IN ('new', 'open', 'pending', 'on_hold')
    GROUP BY assignee_id
""")


async def read_roster(connection: AsyncConnection, *, attendance: Attendance, now: datetime) -> Roster:
    """Everybody who works here; how much they have to do is only read of those who are available."""
    known = await colleagues(connection)
    present = {one.agent.id for one in known if one.presence(attendance=attendance, now=now) is Presence.AVAILABLE}
    emails = {agent_id: email for agent_id, email in await connection.execute(_EMAILS)}  # noqa: C416 rows are no pairs
    counted = await connection.execute(_LOADS, {"ids": sorted(present)})
    loads: dict[str, int] = {agent_id: cases for agent_id, cases in counted}  # noqa: C416
    return Roster(
        Member(
            agent=one.agent,
            email=emails[one.agent.id],
            teams=one.profile.teams,
            available=one.agent.id in present,
            load=loads.get(one.agent.id, 0),
        )
        for one in known
        if one.agent.id in emails
    )
