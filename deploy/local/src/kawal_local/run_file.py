"""`run.json`: what tests, benchmarks and people need to know of a running stack (DESIGN.md, "Make")."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kawal_local.credentials import write_private


@dataclass(slots=True)
class RunFile:
    """Shown once everything is ready; from then on each restart is written at once."""

    path: Path
    facts: dict[str, Any]
    _pids: dict[str, int] = field(default_factory=dict)
    _shown: bool = False

    def set_pid(self, name: str, pid: int) -> None:
        self._pids[name] = pid
        if self._shown:
            self._write()

    def show(self) -> None:
        self._shown = True
        self._write()

    def remove(self) -> None:
        self._shown = False
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        facts = self.facts | {part: self.facts[part] | {"pid": self._pids[part]} for part in ("kafka", "postgres")}
        facts["services"] = {name: facts | {"pid": self._pids[name]} for name, facts in self.facts["services"].items()}
        write_private(self.path, json.dumps(facts, indent=2) + "\n")
