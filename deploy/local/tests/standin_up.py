"""`kawal up` with stand-ins for the services, as a process of its own."""

import sys

from kawal_local.layout import Layout
from kawal_local.services import ServiceSpec
from kawal_local.up import run

SERVICES = (
    ServiceSpec("chat-ingest", "standin_service", 8101),
    ServiceSpec("voice-ingest", "standin_stubborn", 8102),
)

if __name__ == "__main__":
    well = run(
        Layout.from_environment(),
        services=SERVICES,
        prepare=(sys.executable, "-c", "print('nothing to prepare')"),
    )
    sys.exit(0 if well else 1)
