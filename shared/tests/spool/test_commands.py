import pytest
from typer.testing import CliRunner

from kawal.spool.commands import app
from kawal.spool.model import Sent
from spool_factories import message, opened


async def fill(path):
    async with opened(path) as spool:
        for name in "abc":
            await spool.append(message(name), event_id=name)
        await spool.mark_sent([Sent(1, "interactions", 0, 100, ())])
        await spool.add_case_numbers(["1"])


@pytest.fixture
def run():
    return lambda *words, **environment: CliRunner().invoke(app, ["status", *map(str, words)], env=environment)


class TestStatus:
    async def test_while_the_edge_runs(self, spool, path, run):
        await spool.append(message("a"), event_id="a")
        result = run(path)
        assert result.exit_code == 0
        assert "waiting           1 messages" in result.output

    async def test_after_it_ended(self, path, run):
        await fill(path)
        lines = run(path).output.splitlines()
        assert lines[0] == str(path)
        assert [line[2:20].strip() for line in lines[1:]] == [
            "waiting",
            "oldest",
            "last sent",
            "retained",
            "case numbers left",
        ]
        assert [line[20:].split()[0] for line in lines[1:]] == ["2", "0", "0", "1", "1"]

    async def test_finds_all_of_the_stack(self, path, run):
        await fill(path)
        assert str(path) in run(KAWAL_SPOOL_DIR=str(path.parent)).output

    def test_nothing_there(self, tmp_path, run):
        assert run(KAWAL_SPOOL_DIR=str(tmp_path)).exit_code == 1
        assert run(tmp_path / "missing.sqlite3").exit_code == 1
