"""The image's HEALTHCHECK: asks the operations port of whichever service is this container's process.

Standard library only, and no import of `kawal`: it starts every ten seconds, and must be cheap.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

PORTS = {"chat_ingest": 9101, "voice_ingest": 9102, "webform_ingest": 9103, "ticket_core": 9104, "notifier": 9105}
TIMEOUT_S = 3.0


def operations_port(command: str) -> int | None:
    """The operations port of the service that `command` (as in /proc/1/cmdline) starts; None for a job."""
    service = next((word for word in command.split("\0") if word in PORTS), None)
    return None if service is None else PORTS[service] + int(os.environ.get("KAWAL_PORT_OFFSET", "0"))


def complaint(port: int) -> str | None:
    """What `/readyz` says is missing, if anything."""
    try:
        # No proxy of the environment is asked for what is on this very machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as refused:
        return refused.read().decode(errors="replace")
    except OSError as silent:
        return f"no answer on port {port}: {silent}"


def main() -> int:
    port = operations_port(Path("/proc/1/cmdline").read_text(encoding="utf-8"))
    said = None if port is None else complaint(port)
    if said is not None:
        sys.stderr.write(f"{said}\n")
    return 0 if said is None else 1


if __name__ == "__main__":
    sys.exit(main())
