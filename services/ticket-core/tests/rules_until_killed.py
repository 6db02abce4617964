"""Lets rules act slowly, one entry after the other, until it is killed: `test_ruling` starts it with a DSN."""

import asyncio
import sys
from collections.abc import Sequence

from core_factories import SPACE
from kawal import database
from rule_factories import rule, shelf
from ticket_core.domain.inputs import Input
from ticket_core.ruling import RuleRounds
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore, Outcome

SLOWLY_S = 0.1
RULES = (
    rule("noted", when=["contact"], then={"note": "Halo"}),
    rule("tagged", when=["note"], then={"tags": {"add": ["lihat"]}, "reply": {"id": "Ya", "en": "Yes"}}),
)


async def main(dsn: str) -> None:
    async with database.opened(dsn, pool_size=4) as engine:
        store = CaseStore(engine, numbers=CaseNumbers(engine, space=SPACE))

        async def slowly(inputs: Sequence[Input]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for one in inputs:
                outcomes += await store.apply([one])
                await asyncio.sleep(SLOWLY_S)
            return outcomes

        await RuleRounds(engine, apply=slowly, book=shelf(*RULES)).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
