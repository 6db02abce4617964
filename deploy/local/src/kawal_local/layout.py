"""Where things of the local stack are, and on which ports."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

OPERATIONS_PORT_STEP = 1_000
POSTGRES_PORT = 8132
KAFKA_PORT = 8192
KAFKA_CONTROLLER_PORT = 8193
SMTP_PORT = 8125
MAIL_PAGES_PORT = 8126


def tools_directory() -> Path:
    """Where downloads are kept, apart from any state: `.tools` beside the virtual environment."""
    return Path(os.environ.get("KAWAL_TOOLS") or Path(sys.prefix).parent / ".tools").absolute()


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack: its state folder, its port offset, and the checkout it runs from."""

    state: Path
    offset: int
    checkout: Path

    @classmethod
    def from_environment(cls) -> "Layout":
        return cls(
            state=Path(os.environ.get("KAWAL_STATE") or ".kawal").absolute(),
            offset=int(os.environ.get("KAWAL_PORT_OFFSET") or 0),
            checkout=Path.cwd(),
        )

    def port(self, base: int) -> int:
        return base + self.offset

    def url(self, base: int) -> str:
        return f"http://127.0.0.1:{self.port(base)}"

    @property
    def maildir(self) -> Path:
        return self.state / "mail"

    @property
    def run_file(self) -> Path:
        return self.state / "run.json"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def process_record(self) -> Path:
        return self.state / "processes.json"
