"""Counts clocks again, one case after the other and slowly, until it is killed: `test_sla_recompute` starts it."""

import asyncio
import sys
from collections.abc import Sequence

from kawal import database
from sla_factories import ALWAYS, FIRST, RESOLUTION, policy, promise
from ticket_core.domain.inputs import Input
from ticket_core.sla_recompute import SlaRecompute
from ticket_core.store.numbers import NoNumbers
from ticket_core.store.store import CaseStore, Outcome

SLOWLY_S = 0.05
AFTER = policy((promise("all", ALWAYS, {FIRST: 60, RESOLUTION: 2_400}),))


async def main(dsn: str) -> None:
    async with database.opened(dsn, pool_size=4) as engine:
        store = CaseStore(engine, numbers=NoNumbers())

        async def slowly(inputs: Sequence[Input]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for one in inputs:
                outcomes += await store.apply([one])
                await asyncio.sleep(SLOWLY_S)
            return outcomes

        async for _ in SlaRecompute(engine, sla=AFTER.sla, apply=slowly).run():
            pass


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
