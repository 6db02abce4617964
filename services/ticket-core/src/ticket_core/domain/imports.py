"""What is read of the programme's own list of participants, a file that may be taken over in many steps."""

from dataclasses import dataclass
from typing import NamedTuple

from kawal.contracts.words import IdentityKind, Locale


class Registered(NamedTuple):
    """A line of the list, its identities in normal form; the first is the participant number."""

    line: int
    identities: tuple[tuple[IdentityKind, str], ...]
    name: str | None = None
    locale: Locale | None = None


class Fault(NamedTuple):
    """What is wrong with a line; nothing of it was taken over. It says nothing of a person."""

    line: int
    field: str
    reason: str


class Progress(NamedTuple):
    """How far a file, known by its content, has been taken over: up to `line`, which ends at the byte `place`."""

    content: str
    line: int = 0
    place: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParticipants:
    """The next lines of a file that was taken over as far as is `known`, up to `line`, which ends at the byte `place`.

    `faults` are of those that cannot be read. `rehearsed`: only to see what would become of it.
    """

    known: Progress
    line: int
    place: int
    people: tuple[Registered, ...]
    faults: tuple[Fault, ...] = ()
    finished: bool = False
    rehearsed: bool = False
