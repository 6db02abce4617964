"""Lets a service's rules act, as its task does."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from core_service import Served
from core_tables import rows
from ticket_core.ruling import RuleRounds


async def begin(served: Served, engine: AsyncEngine) -> None:
    """Whatever comes from now on is for rules."""
    await RuleRounds(engine, apply=served.store.apply, book=served.desk.rules.book).step()


async def let_act(served: Served, engine: AsyncEngine) -> None:
    """Until they have seen everything since they began."""
    task = RuleRounds(engine, apply=served.store.apply, book=served.desk.rules.book)
    query = (
        "SELECT count(*) FROM core.timeline, core.rule_place AS place WHERE"
        " (timeline.stamp, timeline.case_id, timeline.seq) > (place.stamp, place.case_id, place.seq)"
    )
    async with asyncio.timeout(30):
        while await rows(engine, query) != [(0,)]:
            await task.step()
