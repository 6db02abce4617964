"""What is around the cases that agents name: the cases that are part of them, and those above.

Cases above may be of other people, whose rows are not locked: nobody else puts a case above another meanwhile, because
whoever does takes one lock first.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ticket_core.domain.kinds import Relation
from ticket_core.domain.world import World
from ticket_core.store import rows
from ticket_core.store.loaded import Loaded

_ABOVE = 0x6B617761_6162766F
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_CASES = f"SELECT {rows.selected(rows.CASE, table='cases')}, stamp FROM core.cases"  # noqa: S608 names of columns
_BY_ID = text(f"{_CASES} WHERE id = ANY(CAST(:ids AS uuid[]))")
# Those that are part of another are of the same person.
_PARTS = text(f"""
    {_CASES} WHERE merged IS NOT NULL AND participant_id IN (
        SELECT member.id FROM core.cases AS whole
        JOIN core.participants AS own ON own.id = whole.participant_id
        JOIN core.participants AS member ON member.id = own.id OR member.group_id = own.group_id
        WHERE whole.id = ANY(CAST(:ids AS uuid[]))
    )
""")  # noqa: S608 names of columns


async def lock(connection: AsyncConnection) -> None:
    """Let nobody else put a case above another until the transaction ends."""
    await connection.execute(_LOCK, {"lock": _ABOVE})


async def load(connection: AsyncConnection, loaded: Loaded) -> None:
    """All that is part of a case at hand, and all cases above, whatever they are part of."""
    world, known = loaded.world, set[str]()
    while new := world.cases.keys() - known:
        known |= new
        loaded.put_cases(await connection.execute(_PARTS, {"ids": sorted(new)}))
        while elsewhere := _pointed_at(world) - world.cases.keys():
            loaded.put_cases(await connection.execute(_BY_ID, {"ids": sorted(elsewhere)}))


def _pointed_at(world: World) -> set[str]:
    above = {link.case_id for case in world.cases.values() for link in case.links if link.relation is Relation.PARENT}
    return above | {case.merged.into_id for case in world.cases.values() if case.merged}
