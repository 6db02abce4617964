"""Run by `test_killed.py`: for each line read, a process that appends to the spool `argv[1]` until it is killed.

Says on standard output `started PID`, `leased NUMBER …` and `accepted EVENT_ID NUMBER` (after the append returned),
and `gone` when the process has ended. It forks because starting Python hundreds of times would take minutes.
"""

import asyncio
import os
import sys
from pathlib import Path

from kawal.contracts.envelope import KafkaMessage
from kawal.spool import Receipt, Spool, SpoolLimits
from kawal.spool.model import Sent

APPENDERS = 4
BLOCK = 50


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


class Appender:
    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.numbers = list(spool.unused_case_numbers)
        self.count = 0
        self.blocks = 0

    async def lease(self) -> None:
        self.blocks += 1
        numbers = [f"{os.getpid()}-{self.blocks}-{n}" for n in range(BLOCK)]
        say(f"leased {' '.join(numbers)}")
        await self.spool.add_case_numbers(numbers)
        self.numbers += numbers

    async def append_for_ever(self) -> None:
        while True:
            if len(self.numbers) <= APPENDERS:
                await self.lease()
            number, self.count = self.numbers.pop(), self.count + 1
            event_id = f"{os.getpid()}/{self.count}"
            message = KafkaMessage(topic="t", key=b"k", value=number.encode(), headers=(("ce_id", event_id.encode()),))
            await self.spool.append(
                message, event_id=event_id, receipt=Receipt(event_id, "f", number.encode()), case_number=number
            )
            say(f"accepted {event_id} {number}")

    async def mark_for_ever(self) -> None:
        while True:
            rows = await self.spool.unsent(after=self.spool.drained, max_rows=20, max_bytes=100_000)
            await self.spool.mark_sent([Sent(row.seq, "t", 0, row.seq, ()) for row in rows[::2]])
            await self.spool.mark_sent([Sent(row.seq, "t", 0, row.seq, ()) for row in rows])


async def work(path: Path) -> None:
    appender = Appender(await Spool.open(path, limits=SpoolLimits()))
    tasks = [appender.append_for_ever() for _ in range(APPENDERS)]
    await asyncio.gather(appender.mark_for_ever(), *tasks)


def main(path: Path) -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(path))
        say(f"started {pid}")
        os.waitpid(pid, 0)
        say("gone")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
