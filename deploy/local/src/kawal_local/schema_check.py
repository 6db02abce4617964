"""`python -m kawal_local.schema_check`: `kawal migrate check` on a PostgreSQL that is made for it."""

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from kawal.database import migrate
from kawal_local.output import PrefixedOutput
from kawal_local.postgres import Postgres
from kawal_local.program import Program, free_port
from kawal_local.supervisor import Supervisor


def main() -> int:
    """Upgrade every schema from nothing, and compare it with its tables; 1 if one differs."""
    with tempfile.TemporaryDirectory(prefix="kawal-schemas-") as directory:
        server = Postgres(
            directory=Path(directory) / "cluster", port=free_port(), password=secrets.token_urlsafe(), disposable=True
        )
        server.prepare()
        differing = asyncio.run(_check_all(server))
    for complaint in differing:
        print(complaint)
    return 1 if differing else 0


async def _check_all(server: Postgres) -> list[str]:
    with (server.directory.parent / "log").open("w") as log:
        supervisor = Supervisor(output=PrefixedOutput(log), on_spawn=_ignore)
        await supervisor.open()
        await supervisor.start(server.program())
        try:
            await server.wait_ready()
            return [complaint for service in migrate.services() for complaint in await _check(service, server.dsn())]
        finally:
            await supervisor.close()


async def _check(service: str, dsn: str) -> list[str]:
    await migrate.upgrade(service, dsn)
    try:
        await migrate.check(service, dsn)
    except migrate.SchemaDrift as drift:
        return [f"{service}: {drift}"]
    return []


def _ignore(program: Program, pid: int) -> None:
    """Nothing restarts here that somebody would have to know of."""


if __name__ == "__main__":
    sys.exit(main())
