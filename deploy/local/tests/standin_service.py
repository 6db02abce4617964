"""A service as small as can be: real processes and ports for the tests of the supervisor."""

import asyncio
import os

import uvicorn
from fastapi import FastAPI

PUBLIC, OPERATIONS = 8101, 9101


async def serve(public: int, operations: int) -> None:
    app = FastAPI()

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        return {"status": "ready"}

    offset = int(os.environ["KAWAL_PORT_OFFSET"])
    servers = [
        uvicorn.Server(uvicorn.Config(app, port=port + offset, log_level="warning")) for port in (public, operations)
    ]
    print("the stand-in is there", flush=True)
    await asyncio.gather(*(server.serve() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(PUBLIC, OPERATIONS))
