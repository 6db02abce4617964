"""What a programme's owner may decide about the life of a case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ticket_core.domain.fields import FieldRule
from ticket_core.domain.matching import Matching
from ticket_core.domain.sla import SlaPolicies


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a resolved case can come back, and what agents may write down about it.

    `matching` says what makes two contacts the same problem.

    `reopen_within` its resolution, a participant's message reopens it; afterwards it opens a follow-up. `close_after`
    its resolution it is closed for good. `hold_reasons` and `resolution_reasons` are the keys that may be given,
    `topics` those of what a case may be about, `fields` the fields by key. `sla` says by when which answer is due.
    """

    reopen_within: timedelta = timedelta(days=7)
    close_after: timedelta = timedelta(days=14)
    matching: Matching = field(default_factory=Matching)
    hold_reasons: frozenset[str] = frozenset()
    resolution_reasons: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    sla: SlaPolicies = field(default_factory=SlaPolicies)

    def __post_init__(self) -> None:
        if self.reopen_within > self.close_after:
            raise ValueError("a case must not be closed while a message would still reopen it")
