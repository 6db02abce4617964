"""Finds the stack that is running on this machine."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


class NothingRuns(Exception):
    """There is no running stack to be found; the message says what to do."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """What `run.json` says, see DESIGN.md."""

    facts: dict[str, Any]

    @classmethod
    def find(cls) -> Self:
        """The stack of `$KAWAL_STATE`, or of `.kawal` in this folder.

        Raises:
            NothingRuns: it is not running, or not ready yet.
        """
        path = Path(os.environ.get("KAWAL_STATE") or ".kawal") / "run.json"
        try:
            return cls(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NothingRuns(f"Nothing runs here ({path} is not there). Start it first: make run") from None
        except (OSError, ValueError) as broken:
            raise NothingRuns(f"{path} cannot be read ({type(broken).__name__}).") from broken

    def url(self, service: str) -> str:
        return str(self.facts["services"][service]["url"])

    @property
    def agent(self) -> tuple[str, str]:
        """E-mail address and password."""
        return self.facts["agent"]["email"], self.facts["agent"]["password"]

    @property
    def host_site(self) -> tuple[str, str]:
        """The key that signs identity tokens, and their audience."""
        return self.facts["host_site"]["jwt_key"], self.facts["host_site"]["audience"]
