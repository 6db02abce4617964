"""Promise 1: whatever moment the process is killed at, what it accepted is there afterwards."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from spool_factories import opened, waiting_ids

SCRIPT = Path(__file__).with_name("appender.py")
FILES, KILLS = 20, 12
accepted_before_kill = st.lists(st.integers(0, 60), min_size=KILLS, max_size=KILLS)


@dataclass
class Heard:
    """What the killed processes said before they died."""

    accepted: dict[str, str] = field(default_factory=dict)
    leased: set[str] = field(default_factory=set)
    pid: int = 0

    def note(self, line: str) -> None:
        said, *words = line.split() or ["ended"]
        assert said not in {"gone", "ended"}, "the appending process died by itself"
        if said == "accepted":
            self.accepted[words[0]] = words[1]
        elif said == "leased":
            self.leased.update(words)
        elif said == "started":
            self.pid = int(words[0])


def kill_again_and_again(path: Path, kills: list[int]) -> Heard:
    """Kill the appending process after it accepted as many as `kills` says, each time anew."""
    heard = Heard()
    with subprocess.Popen(
        [sys.executable, SCRIPT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forker:
        assert forker.stdin is not None
        assert forker.stdout is not None
        for accepted in kills:
            forker.stdin.write("\n")
            forker.stdin.flush()
            heard.pid = 0
            wanted = len(heard.accepted) + accepted
            while not heard.pid or len(heard.accepted) < wanted:
                heard.note(forker.stdout.readline())
            os.kill(heard.pid, signal.SIGKILL)
            for line in iter(forker.stdout.readline, "gone\n"):
                heard.note(line)
        forker.stdin.close()
    return heard


def rows(path: Path, sql: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def recovered(path: Path) -> tuple[list[str], set[str]]:
    async with opened(path) as spool:
        return await waiting_ids(spool), set(spool.unused_case_numbers)


class TestKilledAtAnyMoment:
    @given(accepted_before_kill)
    @settings(max_examples=FILES, deadline=None)
    def test_nothing_accepted_is_lost(self, kills):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "spool.sqlite3"
            heard = kill_again_and_again(path, kills)
            waiting, unused = asyncio.run(recovered(path))

            assert rows(path, "PRAGMA integrity_check") == [("ok",)]
            found = rows(path, "SELECT event_id, CAST(value AS TEXT) FROM message")
            numbers = [number for _, number in found]
            assert heard.accepted.items() <= dict(found).items()
            assert dict(found) == dict(rows(path, "SELECT key, CAST(body AS TEXT) FROM receipt"))
            assert len(numbers) == len(set(numbers)), "a case number was used twice"
            assert not unused & set(numbers), "a used case number can be taken again"
            assert unused | set(numbers) <= heard.leased
            marked = rows(path, "SELECT event_id, '' FROM message JOIN sent USING (seq)")
            assert sorted(waiting) == sorted(dict(found).keys() - dict(marked).keys())
