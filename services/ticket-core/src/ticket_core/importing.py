"""Takes the programme's list of participants over, in steps. The process may be killed: none is done twice."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path

from kawal.errors import KawalError
from ticket_core.adapters.participant_files import Line, layout_of, lines
from ticket_core.domain.imports import ImportParticipants, Progress
from ticket_core.domain.inputs import Input
from ticket_core.domain.register import Imported
from ticket_core.store.store import Outcome

AT_ONCE = 1_000

Apply = Callable[[Sequence[Input]], Awaitable[Sequence[Outcome]]]
Told = Callable[[Imported], None]


async def import_file(path: Path, *, known: Progress, apply: Apply, told: Told, rehearsed: bool = False) -> Progress:
    """Go on with a file where it ended; `told` hears of each step.

    `rehearsed`: only see what would become of it. A step does not know then of the ones before it.

    Raises:
        UnusableFile: it does not say what its columns are.
        ImportedMeanwhile: somebody else imports the same file.
        TransientError: PostgreSQL is away; what was done is kept.
    """
    with path.open("rb") as file:
        layout = layout_of(file)
        found = lines(file, layout, after=known.line or 1, place=known.place or layout.end)
        while not known.finished:
            (outcome,) = await apply([_step(known, list(islice(found, AT_ONCE)), rehearsed=rehearsed)])
            if isinstance(outcome, KawalError):
                raise outcome
            if not isinstance(outcome, Imported):
                raise TypeError(f"an import became {type(outcome).__name__}")
            told(outcome)
            known = outcome.progress
    return known


def _step(known: Progress, read: Sequence[Line], *, rehearsed: bool) -> ImportParticipants:
    last = read[-1] if read else Line(known.line, known.place)
    return ImportParticipants(
        known=known,
        line=last.number,
        place=last.end,
        people=tuple(one.person for one in read if one.person is not None),
        faults=tuple(fault for one in read for fault in one.faults),
        finished=len(read) < AT_ONCE,
        rehearsed=rehearsed,
    )
