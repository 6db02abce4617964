"""`python -m kawal_local.prepare`: what has to be there before the services start.

Migrations of all schemas (in one process: loading Alembic is what takes the time), topics, the first agent. It
runs with the environment of the services, and begins before PostgreSQL and Kafka are up, to load meanwhile.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from kawal.database import migrate
from kawal.kafka import topics
from kawal_local.credentials import Credentials
from kawal_local.layout import Layout
from kawal_local.stores import kafka, postgres

DATABASE = "kawal"
FIRST_AGENT = "Dewi Lestari"


async def prepare(layout: Layout, credentials: Credentials) -> None:
    """Bring database, topics and first agent to where the services expect them. May run again at any time."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_prepare_database(layout, credentials))
        both.create_task(_prepare_topics(layout))


async def _prepare_database(layout: Layout, credentials: Credentials) -> None:
    server = postgres(layout, credentials)
    await server.wait_ready()
    await server.ensure_database(DATABASE)
    for service in migrate.services():
        await migrate.upgrade(service, server.dsn(DATABASE))
    # Beside the data, so that data and the mark go together.
    added = layout.state / "postgres" / "agent-added"
    if not added.exists():
        await asyncio.to_thread(_add_agent, credentials)
        added.touch()


def _add_agent(credentials: Credentials) -> None:
    kawal = Path(sys.executable).with_name("kawal")
    command = [str(kawal), "agent", "add", "--email", credentials.agent_email, "--name", FIRST_AGENT]
    roles = ["--role", "agent", "--role", "supervisor"]
    subprocess.run(
        [*command, *roles, "--password-stdin"],
        input=credentials.agent_password.encode(),
        env=dict(os.environ),
        check=True,
    )


async def _prepare_topics(layout: Layout) -> None:
    broker = kafka(layout)
    await broker.wait_ready()
    await topics.create(topics.declared(), bootstrap_servers=broker.bootstrap_servers)
    await broker.wait_for_groups()


if __name__ == "__main__":
    here = Layout.from_environment()
    asyncio.run(prepare(here, Credentials.load(here.secrets)))
