"""The programme's macros, and what they come to in a case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.words import Locale
from ticket_core.adapters.macro_files import load_macros
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import ConversationNotFound, MacroNotFound
from ticket_core.domain.macros import Macro
from ticket_core.domain.placeholders import Gaps, fill
from ticket_core.domain.presence import Attendance
from ticket_core.domain.roster import Roster
from ticket_core.domain.rulebook import name_people
from ticket_core.store.reading import Reading
from ticket_core.store.roster import read_roster
from ticket_core.store.store import utc_now
from ticket_core.store.views import CaseView, ConversationView


@dataclass(frozen=True, slots=True)
class Shelved:
    """A macro as it was written, and as it is."""

    source: MacroSource
    macro: Macro


@dataclass(frozen=True, slots=True)
class Filled:
    """The words of a macro for one case, in the language of the conversation that they go to; none, if it has none."""

    text: str
    language: Locale


class MacroShelf:
    def __init__(
        self,
        engine: AsyncEngine,
        *,
        macros: Sequence[Shelved],
        gaps: Gaps,
        attendance: Attendance | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.all = list(macros)
        self.gaps = gaps
        self._by_key = {one.macro.key: one for one in macros}
        self._reading = Reading(engine)
        self._attendance = attendance or Attendance()
        self._clock = clock

    @classmethod
    def load(cls, programme: Path, engine: AsyncEngine, *, attendance: Attendance | None = None) -> "MacroShelf":
        """With those of the folder `programme`; raises `ProgrammeError`."""
        maker = RuleMaker.load(programme)
        found = [Shelved(source, macro) for source, macro in load_macros(programme, maker)]
        return cls(engine, macros=found, gaps=maker.gaps, attendance=attendance)

    def get(self, key: str) -> Shelved:
        """Raises `MacroNotFound`."""
        found = self._by_key.get(key)
        if found is None:
            raise MacroNotFound("See programme/macros.yaml")
        return found

    def meant_for(self, topic: str | None) -> list[Shelved]:
        """Those that are of use for a case about `topic`; those for just such first, as they stand in the file."""
        fitting = [one for one in self.all if one.macro.is_for(topic)]
        return sorted(fitting, key=lambda one: not one.macro.topics)

    def filled(self, macro: Macro, case: CaseView, agent: Agent, *, conversation_id: str | None = None) -> Filled:
        """What the participant of `case` would read.

        Raises:
            ConversationNotFound: the case has no such conversation, or none at all.
        """
        spoken = _conversation(case, conversation_id)
        locale = Locale(spoken.locale)
        name = spoken.name or case.participant_name
        values = self.gaps.values(locale=locale, number=case.number, participant=name, agent=agent.name)
        return Filled(fill(macro.texts[locale], values) if macro.texts else "", locale)

    async def roster(self, macro: Macro) -> Roster:
        """Whom its acts may name."""
        if not name_people(macro.acts):
            return Roster()
        async with self._reading.connection() as connection:
            return await read_roster(connection, attendance=self._attendance, now=self._clock())


def _conversation(case: CaseView, wanted: str | None) -> ConversationView:
    found = next((one for one in case.conversations if one.id == (wanted or case.conversation_id)), None)
    if found is None:
        raise ConversationNotFound("Answer in a conversation of this case's participant")
    return found
