from pydantic import SecretStr

from kawal import edge
from kawal.settings import EdgeSettings
from kawal.spool import Spool, SpoolLimits


def settings(state):
    """Everything that an edge asks for things is away."""
    return EdgeSettings(
        state=state,
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
        kafka="127.0.0.1:9",
        ticket_core_url="http://127.0.0.1:9",
        service_token=SecretStr("token"),
    )


class TestAccepting:
    async def test_opens_while_all_else_is_away_and_lets_go_of_the_spool(self, tmp_path):
        chosen = settings(tmp_path)
        async with edge.accepting(chosen, service="an-edge") as accepting:
            assert set(accepting.tasks) == {"spool_drain", "leases"}
            assert all(alive() for alive in accepting.alive.values())
            await accepting.spool.add_case_numbers(["4829130574"])
        again = await Spool.open(chosen.spool_path("an-edge"), limits=SpoolLimits())
        assert list(again.unused_case_numbers) == ["4829130574"]
        await again.close()
