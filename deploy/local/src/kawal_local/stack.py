"""One stack, from nothing to ready and back to nothing."""

import asyncio
import sys
from typing import Any

import httpx

from kawal_local import leftovers, stores
from kawal_local.credentials import Credentials
from kawal_local.environment import DRAIN_S, HOST_JWT_AUDIENCE, PHONE_NUMBER, service_environment
from kawal_local.layout import MAIL_PAGES_PORT, Layout
from kawal_local.output import PrefixedOutput
from kawal_local.polling import until
from kawal_local.program import Program
from kawal_local.run_file import RunFile
from kawal_local.services import SERVICES, ServiceSpec
from kawal_local.supervisor import Supervisor

DATABASE = "kawal"
READY_S = 90.0
# With five seconds each for what the services lean on, everything has ended within fifteen.
SERVICE_GRACE_S = DRAIN_S + 1.0
GRACE_S = 5.0


class Stack:
    """PostgreSQL, Kafka, mail and `services`. Enter it within a running event loop."""

    def __init__(
        self,
        layout: Layout,
        *,
        output: PrefixedOutput,
        services: tuple[ServiceSpec, ...] = SERVICES,
        prepare: tuple[str, ...] = (sys.executable, "-m", "kawal_local.prepare"),
    ) -> None:
        self._layout = layout
        self._output = output
        self._services = services
        self._prepare = prepare
        self.credentials = Credentials.load(layout.secrets)
        self._postgres = stores.postgres(layout, self.credentials)
        self._kafka = stores.kafka(layout)
        self._environment = service_environment(
            layout, credentials=self.credentials, postgres_dsn=self._postgres.dsn(DATABASE)
        )
        self._run_file = RunFile(layout.run_file, self._facts())
        self._record = leftovers.ProcessRecord(layout.process_record)
        self._supervisor: Supervisor | None = None

    def fetch(self) -> None:
        """Whatever takes a subprocess or the network and comes before the first start; blocks."""
        self._run_file.remove()
        leftovers.end_leftovers(self._layout.process_record, output=self._output)
        self._postgres.prepare()
        self._kafka.prepare(report=self._output.say)

    async def start(self) -> None:
        """Start everything; returns when each `/readyz` answers 200. Raises `TimeoutError` if one never does."""
        supervisor = self._supervisor = Supervisor(output=self._output, on_spawn=self._spawned)
        await supervisor.open()
        for program in self._infrastructure():
            await supervisor.start(program)
        await supervisor.run(self._program("prepare", self._prepare))
        await self._start_services(supervisor)
        await self._wait_ready()
        self._run_file.show()

    async def stop(self) -> None:
        """End everything: first the services, then what they lean on. At most about fifteen seconds."""
        self._run_file.remove()
        if self._supervisor is None:
            return
        await self._supervisor.stop("prepare", *(service.name for service in self._services))
        await self._supervisor.stop("mail", "kafka", "postgres")
        await self._supervisor.close()
        self._record.clear()

    def _spawned(self, program: Program, pid: int) -> None:
        self._record.add(program, pid)
        self._run_file.set_pid(program.name, pid)

    async def _start_services(self, supervisor: Supervisor) -> None:
        asked = {service.after for service in self._services} - {None}
        for service in self._services:
            if service.after is None:
                await supervisor.start(self._service(service))
        await self._wait_for({one.name: self._readiness(one) for one in self._services if one.name in asked})
        for service in self._services:
            if service.after is not None:
                await supervisor.start(self._service(service))

    def _infrastructure(self) -> tuple[Program, ...]:
        mail = self._program("mail", (sys.executable, "-m", "kawal_local.mail"), grace_s=GRACE_S)
        return self._postgres.program(), self._kafka.program(), mail

    def _service(self, service: ServiceSpec) -> Program:
        return self._program(service.name, (sys.executable, "-m", service.package), grace_s=SERVICE_GRACE_S)

    def _program(self, name: str, command: tuple[str, ...], *, grace_s: float = GRACE_S) -> Program:
        return Program(
            name=name, command=command, env=self._environment, directory=self._layout.checkout, grace_s=grace_s
        )

    async def _wait_ready(self) -> None:
        urls = {service.name: self._readiness(service) for service in self._services}
        urls["mail"] = self._layout.url(MAIL_PAGES_PORT)
        await asyncio.gather(self._postgres.wait_ready(), self._kafka.wait_ready(), self._wait_for(urls))

    def _readiness(self, service: ServiceSpec) -> str:
        return f"{service.operations_url(self._layout)}/readyz"

    async def _wait_for(self, urls: dict[str, str]) -> None:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            await asyncio.gather(*(_wait_for(name, url, client) for name, url in urls.items()))

    def _facts(self) -> dict[str, Any]:
        layout, credentials = self._layout, self.credentials
        return {
            "services": {
                service.name: {"url": service.url(layout), "ops_url": service.operations_url(layout)}
                for service in self._services
            },
            "kafka": {"bootstrap_servers": self._kafka.bootstrap_servers},
            "postgres": {"dsn": self._postgres.dsn(DATABASE)},
            "mail": {"url": layout.url(MAIL_PAGES_PORT), "maildir": str(layout.maildir)},
            "agent": {"email": credentials.agent_email, "password": credentials.agent_password},
            "api_token": credentials.api_token,
            "twilio": {
                "account_sid": credentials.twilio_account_sid,
                "auth_token": credentials.twilio_auth_token,
                "number": PHONE_NUMBER,
            },
            "host_site": {"jwt_key": credentials.host_jwt_key, "audience": HOST_JWT_AUDIENCE},
        }


async def _wait_for(name: str, url: str, client: httpx.AsyncClient) -> None:
    async def answers() -> bool:
        try:
            return (await client.get(url)).is_success
        except httpx.TransportError:
            return False

    try:
        await until(answers, timeout_s=READY_S)
    except TimeoutError:
        raise TimeoutError(f"{name} was not ready within {READY_S:.0f} s ({url})") from None
