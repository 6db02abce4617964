"""A small service as a process of its own: `python service_process.py <port> <mode>`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from http_factories import SETTINGS, make_app
from kawal.service import Parts, Service


async def works() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        sys.stderr.write("task cleaned up\n")


async def dies() -> None:
    await asyncio.sleep(0)
    raise RuntimeError("the broker said no")


async def clings() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


TASKS = {"works": works, "dies": dies, "clings": clings}


def service(port: int, mode: str) -> Service:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Parts]:
        app = make_app()

        @app.get("/slow")
        async def slow() -> str:
            sys.stderr.write("slow began\n")
            sys.stderr.flush()
            await app.state.draining.wait()
            return "done"

        yield Parts(app=app, tasks={mode: TASKS[mode]})
        sys.stderr.write("closed\n")

    settings = SETTINGS.model_copy(update={"drain_s": 2.0})
    return Service("example", settings=settings, port=port, opened=opened)


if __name__ == "__main__":
    service(int(sys.argv[1]), sys.argv[2]).run()
