"""What every edge accepts with: its spool, the way from there to Kafka, and case numbers leased ahead."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from kawal.case_numbers.leases import LeasedNumbers, lease_client
from kawal.observability.operations import Alive
from kawal.service import Task
from kawal.settings import EdgeSettings
from kawal.spool import Spool, SpoolDrain, SpoolLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """All of it on this replica's own disk, so that accepting needs nobody else."""

    spool: Spool
    numbers: LeasedNumbers
    drain: SpoolDrain

    @property
    def tasks(self) -> Mapping[str, Task]:
        """For `Parts.tasks`."""
        return {"spool_drain": self.drain.run, "leases": self.numbers.run}

    @property
    def alive(self) -> Mapping[str, Alive]:
        """For `Parts.alive`."""
        return {"spool_drain": self.drain.alive}


@asynccontextmanager
async def accepting(settings: EdgeSettings, *, service: str) -> AsyncIterator[Accepting]:
    """Open it, without waiting for Kafka or ticket-core; at the end, what was taken is on the disk.

    Raises:
        SpoolInUse: another process has the spool open.
    """
    limits = SpoolLimits(settings.spool_max_rows, settings.spool_max_bytes, settings.spool_retention_s)
    async with AsyncExitStack() as stack:
        spool = await Spool.open(settings.spool_path(service), limits=limits)
        stack.push_async_callback(spool.close)
        token = settings.service_token.get_secret_value()
        client = lease_client(ticket_core_url=settings.ticket_core_url, service_token=token)
        numbers = LeasedNumbers(spool, client=await stack.enter_async_context(client))
        yield Accepting(spool=spool, numbers=numbers, drain=SpoolDrain(spool, bootstrap_servers=settings.kafka))
