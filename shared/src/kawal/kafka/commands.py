"""`kawal topics`."""

import asyncio
from typing import Annotated

import typer

from kawal.kafka.topics import Replication, create, declared

Brokers = Annotated[str, typer.Option("--kafka", envvar="KAWAL_KAFKA", help="host:port,…")]


def topics(
    brokers: Brokers,
    replication_factor: Annotated[int, typer.Option(envvar="KAWAL_KAFKA_REPLICATION_FACTOR", min=1)] = 1,
    min_insync_replicas: Annotated[int, typer.Option(envvar="KAWAL_KAFKA_MIN_INSYNC_REPLICAS", min=1)] = 1,
) -> None:
    """Create the topics that are missing; existing ones are left as they are."""
    replication = Replication(factor=replication_factor, min_insync=min_insync_replicas)
    wanted = declared()
    made = asyncio.run(create(wanted, bootstrap_servers=brokers, replication=replication))
    for topic in wanted:
        typer.echo(f"{'created' if topic.name in made else 'exists '}  {topic.name}")
