"""What was loaded for a batch, and is written back after it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ticket_core.domain.world import World
from ticket_core.store import rows


@dataclass(slots=True)
class Loaded:
    """The world of a batch; `fresh` are the events (source, id) that were never applied before.

    `stamps` are those of the cases' last entries, see `ticket_core.store.stream`.
    """

    world: World = field(default_factory=World)
    fresh: set[tuple[str, str]] = field(default_factory=set)
    stamps: dict[str, int] = field(default_factory=dict)

    def put_cases(self, found: Iterable[Any]) -> None:
        """Rows of `rows.CASE`, with the stamp behind."""
        for row in found:
            case = rows.case_of(row[:-1])
            self.world.load_case(case)
            self.stamps[case.id] = row[-1]
