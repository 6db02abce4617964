"""Processes that a run left behind because it was killed: recognised at the next start, and ended."""

import json
import signal
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kawal_local.credentials import write_private
from kawal_local.output import PrefixedOutput
from kawal_local.program import Program, signal_group

# A pid may belong to somebody else by now; two processes never share pid and start time.
SAME_START_S = 1.0
KILL_S = 3.0


@dataclass(slots=True)
class ProcessRecord:
    """The processes of the present run, kept in a file that outlives us."""

    path: Path
    _running: dict[str, dict[str, float | int | str]] = field(default_factory=dict)

    def add(self, program: Program, pid: int) -> None:
        self._running[program.name] = {
            "pid": pid,
            "created": psutil.Process(pid).create_time(),
            "signal": program.stop_signal,
        }
        write_private(self.path, json.dumps(self._running, indent=2))

    def clear(self) -> None:
        self._running.clear()
        self.path.unlink(missing_ok=True)


def end_leftovers(path: Path, *, output: PrefixedOutput, grace_s: float = 8.0) -> None:
    """End what the record at `path` says was started, and still runs."""
    if not path.exists():
        return
    found = [leftover for leftover in map(_alive, json.loads(path.read_text()).items()) if leftover]
    for name, process, stop_signal in found:
        output.say(f"ending {name} (pid {process.pid}), left behind by an earlier run")
        signal_group(process.pid, stop_signal)
    _, alive = psutil.wait_procs([process for _, process, _ in found], timeout=grace_s)
    for process in alive:
        signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=KILL_S)
    path.unlink()


def _alive(
    entry: tuple[str, dict[str, float | int | str]],
) -> tuple[str, psutil.Process, signal.Signals] | None:
    name, record = entry
    try:
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["created"])) < SAME_START_S
        if not same or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return name, process, signal.Signals[str(record["signal"])]
