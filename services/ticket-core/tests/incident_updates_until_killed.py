"""Tells updates slowly, one case after the other, until it is killed: `test_incident_updates` starts it with a DSN."""

import asyncio
import os
import sys
from collections.abc import Sequence

from core_factories import SPACE
from kawal import database
from ticket_core import incident_updates
from ticket_core.domain.inputs import Input
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome

SLOWLY_S = 0.15


async def main(dsn: str) -> None:
    incident_updates.AT_ONCE = int(os.environ["KILLED_AT_ONCE"])
    async with database.opened(dsn, pool_size=4) as engine:
        store = CaseStore(engine, numbers=CaseNumbers(engine, space=SPACE))

        async def slowly(inputs: Sequence[Input]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for one in inputs:
                outcomes += await store.apply([one])
                await asyncio.sleep(SLOWLY_S)
            return outcomes

        await incident_updates.IncidentUpdates(engine, apply=slowly).run()


asyncio.run(main(sys.argv[1]))
