"""PostgreSQL and Kafka as this stack runs them."""

from kawal_local.credentials import Credentials
from kawal_local.kafka import Kafka
from kawal_local.layout import KAFKA_CONTROLLER_PORT, KAFKA_PORT, POSTGRES_PORT, Layout, tools_directory
from kawal_local.postgres import Postgres


def postgres(layout: Layout, credentials: Credentials) -> Postgres:
    return Postgres(
        directory=layout.state / "postgres",
        port=layout.port(POSTGRES_PORT),
        password=credentials.postgres_password,
    )


def kafka(layout: Layout) -> Kafka:
    return Kafka(
        directory=layout.state / "kafka",
        jars=tools_directory() / "kafka",
        port=layout.port(KAFKA_PORT),
        controller_port=layout.port(KAFKA_CONTROLLER_PORT),
    )
