"""Rings alarms, one case after the other and slowly, until it is killed: `test_sla_alarms` starts it with a DSN."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from core_factories import SPACE
from kawal import database
from sla_factories import ALWAYS, FIRST, NEXT, RESOLUTION, policy, promise
from ticket_core.domain.inputs import Input
from ticket_core.sla_alarms import SlaAlarms
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome, utc_now

SLOWLY_S = 0.05
POLICY = policy((promise("all", ALWAYS, {FIRST: 600, NEXT: 600, RESOLUTION: 1_200}),))


async def main(dsn: str) -> None:
    async with database.opened(dsn, pool_size=4) as engine:

        def later() -> datetime:
            return utc_now() + timedelta(hours=1)

        store = CaseStore(engine, numbers=CaseNumbers(engine, space=SPACE), policy=POLICY, clock=later)

        async def slowly(inputs: Sequence[Input]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for one in inputs:
                outcomes += await store.apply([one])
                await asyncio.sleep(SLOWLY_S)
            return outcomes

        await SlaAlarms(engine, apply=slowly, clock=later).run()


asyncio.run(main(sys.argv[1]))
