"""The pytest plugin with the fixtures that `kawal.testing` describes."""

import gc
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from uuid import uuid4

import pytest
import structlog

from kawal.testing.databases import Databases
from kawal.testing.topics import Topics


@pytest.fixture(autouse=True)
def leaves_nothing_open() -> Iterator[None]:
    """A connection that a test forgot fails this test, and not a later one in which Python happens to notice.

    Not the oldest objects: to look through all of them takes longer than most tests.
    """
    yield
    gc.collect(1)


@pytest.fixture(autouse=True)
def leaves_the_log_alone() -> Iterator[None]:
    """`logging.configure` is for a process of its own: here it would bind the log to one test's output for good."""
    yield
    assert not structlog.get_config()["cache_logger_on_first_use"]


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The DSN of a superuser on the real PostgreSQL 18."""
    with ExitStack() as stack:
        yield os.environ.get("KAWAL_TEST_POSTGRES") or stack.enter_context(_servers().postgres())


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """`host:port` of the real broker."""
    with ExitStack() as stack:
        yield os.environ.get("KAWAL_TEST_KAFKA") or stack.enter_context(_servers().kafka())


def _servers() -> ModuleType:
    """Imported late, so that unit tests load neither aiokafka nor the local stack."""
    return importlib.import_module("kawal.testing.servers")


@pytest.fixture(scope="session")
def databases(postgres_dsn: str) -> Iterator[Databases]:
    made = Databases(postgres_dsn)
    yield made
    made.drop_all()


@pytest.fixture
def database(databases: Databases) -> Callable[..., str]:
    """`database(*services)`: the DSN of a database with their migrations, empty at a test's first call."""
    given: dict[tuple[str, ...], str] = {}

    def get(*services: str) -> str:
        if services not in given:
            given[services] = databases.empty(*services)
        return given[services]

    return get


@pytest.fixture
def topic_name(kafka_bootstrap: str) -> Iterator[Callable[..., str]]:
    """`topic_name(name, partitions=1)`: creates a topic of this test only."""
    topics = Topics(kafka_bootstrap)
    yield topics.create
    topics.delete_all()


@pytest.fixture
def group_name() -> Callable[..., str]:
    """`group_name(name)`: a consumer group's name of this test only."""
    suffix = uuid4().hex[:12]

    def get(name: str = "group") -> str:
        return f"{name}.{suffix}"

    return get
