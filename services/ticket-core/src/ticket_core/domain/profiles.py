"""What an agent can do, as his supervisor has set it."""

from dataclasses import dataclass, field

from kawal.contracts.words import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`capacity` is `None` where the programme's own counts, 0 for an agent who is given nothing."""

    capacity: int | None = None
    skills: frozenset[str] = frozenset()
    languages: frozenset[Locale] = field(default_factory=lambda: frozenset(Locale))
    teams: frozenset[str] = frozenset()
