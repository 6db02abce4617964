from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from core_factories import contact
from kawal.cli import app
from kawal.testing.waiting import run_apart
from ticket_core.store.agents import Agents
from ticket_core.store.stamps import check
from ticket_core.store.store import CaseStore

PROGRAMME = str(Path(__file__).parents[3] / "programme")

pytestmark = pytest.mark.integration


def kawal(*arguments: str, given: str = "") -> tuple[int, str]:
    result = run_apart(lambda: CliRunner().invoke(app, list(arguments), input=given))
    return result.exit_code, result.output


def add(dsn: str, *, email: str = "dewi@example.id", password: str = "a long password") -> tuple[int, str]:
    arguments = ("agent", "add", "--dsn", dsn, "--email", email, "--name", "Dewi", "--password-stdin")
    return kawal(*arguments, given=f"{password}\n")


class TestAgentAdd:
    async def test_can_sign_in(self, dsn: str, engine: AsyncEngine) -> None:
        assert add(dsn)[0] == 0
        assert await Agents(engine).authenticate(email="dewi@example.id", password="a long password")

    async def test_twice(self, dsn: str, engine: AsyncEngine) -> None:
        add(dsn)
        assert add(dsn, password="another password")[0] == 0
        assert len(await Agents(engine).all()) == 1

    async def test_a_short_password(self, dsn: str) -> None:
        assert add(dsn, password="short")[0] == 1

    async def test_no_address(self, dsn: str) -> None:
        assert add(dsn, email="dewi")[0] == 1


class TestAgentSet:
    def set(self, dsn: str, *options: str) -> tuple[int, str]:
        return kawal("agent", "set", "--dsn", dsn, "--programme", PROGRAMME, "--email", "Dewi@example.id", *options)

    async def test_what_is_named_replaces_what_there_was(self, dsn: str) -> None:
        add(dsn)
        self.set(dsn, "--capacity", "6", "--skill", "fraud", "--language", "id")
        _, output = self.set(dsn, "--team", "payments", "--team", "training", "--clear", "skills")
        assert output.strip().endswith("capacity 6; skills -; languages id; teams payments training")
        _, listed = kawal("agent", "list", "--dsn", dsn, "--programme", PROGRAMME)
        assert listed.strip() == "Dewi (offline): capacity 6; skills -; languages id; teams payments training"

    async def test_a_skill_that_the_programme_does_not_have(self, dsn: str) -> None:
        add(dsn)
        code, output = self.set(dsn, "--skill", "flying")
        assert code == 1
        assert "flying" in output

    async def test_nobody(self, dsn: str) -> None:
        assert self.set(dsn, "--capacity", "6")[0] == 1


class TestRebuildRestamp:
    async def test_once(
        self, dsn: str, store: CaseStore, engine: AsyncEngine, in_another_cluster: Callable[[], Awaitable[None]]
    ) -> None:
        await store.apply([contact()])
        await in_another_cluster()
        code, output = kawal("rebuild", "--restamp", "--dsn", dsn)
        assert code == 0
        assert "from now on" in output
        await check(engine)
        assert kawal("rebuild", "--restamp", "--dsn", dsn) == (0, "nothing to do\n")
