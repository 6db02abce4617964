"""Did anything come between what an agent has seen of a case and what he does with it?

Forms say the last entry that was on the agent's screen. What he would want to read first stops him, once; reports of
deliveries, what the participant has read, and what colleagues note down beside the timeline do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kawal.errors import KawalError
from ticket_core.api.desk import Desk
from ticket_core.console.showing import SAID
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import CaseChangedMeanwhile
from ticket_core.domain.inputs import Reply, Resolve, UseMacro
from ticket_core.domain.kinds import EntryKind
from ticket_core.store.timeline import MOST_ENTRIES
from ticket_core.store.views import TimelineItem

TELLING = SAID | {
    EntryKind.STATE,
    EntryKind.ASSIGNED,
    EntryKind.MERGED,
    EntryKind.ABSORBED,
    EntryKind.MERGE_UNDONE,
    EntryKind.RELEASED,
    EntryKind.ENTRIES_MOVED,
    EntryKind.SPLIT_OFF,
    EntryKind.ENTRIES_RETURNED,
    EntryKind.SPLIT_UNDONE,
}
MOST_TRIES = 20
"""Each ends with what was written in the time that the one before took."""

Guarded = Reply | Resolve | UseMacro


@dataclass(frozen=True, slots=True)
class News:
    """What the agent has not seen; with it he has seen the case up to `seen`. `items` may be empty after a merge."""

    items: Sequence[TimelineItem]
    seen: int


class SomethingNew(KawalError):
    """Nothing was done."""

    status, code, title = CaseChangedMeanwhile.status, CaseChangedMeanwhile.code, CaseChangedMeanwhile.title

    def __init__(self, news: News) -> None:
        super().__init__("Look at what changed, and decide again")
        self.news = news


def is_telling(item: TimelineItem, *, agent: Agent) -> bool:
    """Whether `agent` should read it before he acts."""
    if item.kind not in TELLING or item.author_id == agent.id:
        return False
    return item.kind != EntryKind.ASSIGNED or item.payload.get("assignee_id") != agent.id


async def submit(desk: Desk, command: Guarded, *, seen: int | None) -> None:
    """Do it, unless something telling came behind the entry `seen`; of two at the same moment one is stopped.

    A form's key comes first: what was done is not stopped when it is sent again.

    Raises:
        SomethingNew: it was not done.
    """
    for _ in range(MOST_TRIES):
        if seen is None:
            await desk.batcher.submit(command)
            return
        try:
            await desk.batcher.submit(replace(command, only_if=frozenset({f"{command.number}.{seen}"})))
        except CaseChangedMeanwhile as changed:
            seen = await _read_on(desk, command, changed, seen=seen)
        else:
            return
    raise SomethingNew(News((), seen or 0))


async def _read_on(desk: Desk, command: Guarded, changed: CaseChangedMeanwhile, *, seen: int) -> int:
    """Up to where there is nothing telling; raises `SomethingNew`."""
    number, _, last = changed.version.rpartition(".")
    if number != command.number:  # it is part of another case by now
        raise SomethingNew(News((), int(last)))
    items = (await desk.timelines.page(number, after=seen, limit=MOST_ENTRIES)).items
    news = [item for item in items if is_telling(item, agent=command.agent)]
    read = items[-1].seq if items else seen
    if news:
        raise SomethingNew(News(news, read))
    return read
