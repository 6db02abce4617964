"""The system account that PostgreSQL runs under when we are root: it refuses to run as root itself."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "embedded_postgres"
SEARCH = 0o001


@dataclass(frozen=True, slots=True)
class Account:
    """Who a process runs as. `uid` and `gid` are None when that is simply who we are."""

    uid: int | None = None
    gid: int | None = None

    def own(self, directory: Path) -> None:
        """Give `directory` to this account alone, and let the account reach it."""
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(directory, self.uid, self.gid)
            self.reach(directory)

    def reach(self, path: Path) -> None:
        """Let this account walk down to `path` (search permission only: nothing becomes listable)."""
        if self.uid is None:
            return
        for parent in path.resolve().parents:
            mode = parent.stat().st_mode
            if not mode & SEARCH:
                parent.chmod(mode | SEARCH)


def database_account() -> Account:
    """The account for PostgreSQL: ourselves, or as root a system user that is created if need be."""
    if os.geteuid() != 0:
        return Account()
    entry = _entry() or _create()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise RuntimeError(f"PostgreSQL cannot run as root, and there is no useradd to make {ACCOUNT}")
    subprocess.run([useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT], check=True)
    return pwd.getpwnam(ACCOUNT)
