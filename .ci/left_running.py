"""Finds processes (and so listening ports) that a test run has left behind.

`remember` notes what runs now; `check` fails if there is more of ours five seconds later than there was then.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).resolve().parent.parent
NOTE = CHECKOUT / ".tools" / "running-before.json"
GRACE_S = 5.0


def ours() -> Iterator[psutil.Process]:
    """Processes with our mark, or with a program of this checkout; not ourselves, nor those we run in."""
    mark = os.environ.get("KAWAL_CI_MARK")
    me = psutil.Process()
    around = {me.pid, *(parent.pid for parent in me.parents())}
    for process in psutil.process_iter():
        try:
            if process.pid in around or process.status() == psutil.STATUS_ZOMBIE:
                continue
            marked = mark is not None and process.environ().get("KAWAL_CI_MARK") == mark
            if marked or any(word.startswith(f"{CHECKOUT}/.") for word in process.cmdline()):
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def described(process: psutil.Process) -> str:
    ports = {found.laddr.port for found in process.net_connections() if found.status == psutil.CONN_LISTEN}
    return f"{process.pid} {' '.join(process.cmdline())[:200]} ports {sorted(ports)}"


def remember() -> None:
    NOTE.write_text(json.dumps([[process.pid, process.create_time()] for process in ours()]))


def check() -> int:
    before = {(pid, created) for pid, created in json.loads(NOTE.read_text())}
    new = [process for process in ours() if (process.pid, process.create_time()) not in before]
    _, left = psutil.wait_procs(new, timeout=GRACE_S)
    for process in left:
        sys.stderr.write(f"left running: {described(process)}\n")
    return 1 if left else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(check())
    remember()
