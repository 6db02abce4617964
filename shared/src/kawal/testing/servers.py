"""Starting the embedded servers for one test run, and making sure that they end with it."""

import asyncio
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kawal_local.kafka import Kafka
from kawal_local.layout import tools_directory
from kawal_local.postgres import Postgres
from kawal_local.program import Program, free_port

PR_SET_PDEATHSIG = 1


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL on a free port; yields the DSN of its superuser."""
    with _directory("kawal-postgres-") as directory:
        server = Postgres(
            directory=directory / "cluster",
            port=free_port(),
            password=secrets.token_urlsafe(),
            disposable=True,
        )
        server.prepare()
        with running(server.program(), log=directory / "log"):
            asyncio.run(server.wait_ready())
            yield server.dsn()


@contextmanager
def kafka() -> Iterator[str]:
    """A fresh broker on a free port; yields its bootstrap servers."""
    with _directory("kawal-kafka-") as directory:
        server = Kafka(
            directory=directory / "broker",
            jars=tools_directory() / "kafka",
            port=free_port(),
            controller_port=free_port(),
        )
        server.prepare()
        with running(server.program(), log=directory / "log"):
            asyncio.run(server.wait_ready())
            yield server.bootstrap_servers


@contextmanager
def running(program: Program, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `program` in a session of its own, its output in `log`, until the block is left.

    It dies with us even if we are killed (Linux only). If the block fails, what it printed goes to stderr.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.command,
            env=dict(program.env),
            cwd=program.directory,
            user=program.uid,
            group=program.gid,
            extra_groups=[] if program.uid is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls prctl and nothing else
        )
    try:
        yield process
    except BaseException:
        sys.stderr.write(log.read_text(encoding="utf-8", errors="replace")[-10_000:])
        raise
    finally:
        _stop(process, program)


def _stop(process: subprocess.Popen[bytes], program: Program) -> None:
    process.send_signal(getattr(signal, program.stop_signal))
    try:
        process.wait(program.grace_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _directory(prefix: str) -> Iterator[Path]:
    """A temporary folder; not pytest's own, whose parents PostgreSQL's account may not walk through."""
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
