"""All macros there are: the programme's, those of teams and those of agents; and what they come to in a case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.words import Locale
from kawal.observability.logging import get_logger
from ticket_core.adapters.macro_files import load_macros, macro_of
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.adapters.rule_maker import RuleMaker, require_known
from ticket_core.domain.acts import GiveTo
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import (
    AgentNotFound,
    ConversationNotFound,
    InvalidMacro,
    MacroExists,
    MacroNotFound,
    MacroOfFile,
    NotYourMacro,
)
from ticket_core.domain.macros import Macro
from ticket_core.domain.placeholders import fill
from ticket_core.domain.presence import Attendance
from ticket_core.domain.roster import Roster
from ticket_core.domain.rulebook import name_people
from ticket_core.store.attendance import Attendances
from ticket_core.store.reading import Reading
from ticket_core.store.roster import read_roster
from ticket_core.store.saved_views import SUPERVISOR
from ticket_core.store.store import utc_now
from ticket_core.store.stored_macros import StoredMacro, StoredMacros
from ticket_core.store.views import CaseView, ConversationView

log = get_logger()


@dataclass(frozen=True, slots=True)
class Shelved:
    """A macro as it was written, and as it is. One of the programme's file has neither `owner_id` nor `team`."""

    source: MacroSource
    macro: Macro
    version: int = 0
    owner_id: str | None = None
    team: str | None = None
    agent_name: str = ""
    """Who wrote it so."""

    @property
    def etag(self) -> str:
        return f"{self.source.key}.{self.version}"


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
        maker: RuleMaker,
        attendance: Attendance | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.of_file = list(macros)
        self.maker = maker
        self.gaps = maker.gaps
        self._keys_of_file = {one.macro.key for one in macros}
        self._stored = StoredMacros(engine)
        self._agents = Attendances(engine)
        self._reading = Reading(engine)
        self._attendance = attendance or Attendance()
        self._clock = clock

    @classmethod
    def load(cls, programme: Path, engine: AsyncEngine, *, attendance: Attendance | None = None) -> "MacroShelf":
        """With those of the folder `programme`; raises `ProgrammeError`."""
        maker = RuleMaker.load(programme)
        found = [Shelved(source, macro) for source, macro in load_macros(programme, maker)]
        return cls(engine, macros=found, maker=maker, attendance=attendance)

    async def seen_by(self, agent: Agent) -> list[Shelved]:
        """His own, then those of his teams (for a supervisor, of all teams), then the programme's."""
        stored = await self._stored.seen_by(agent.id, await self._teams(agent))
        shelved = [one for one in map(self._shelved, stored) if one is not None]
        own, theirs = ([one for one in shelved if (one.team is None) is mine] for mine in (True, False))
        return [*own, *theirs, *self.of_file]

    async def get(self, key: str, agent: Agent) -> Shelved:
        """Raises `MacroNotFound`: there is none, or it is somebody else's."""
        found = next((one for one in await self.seen_by(agent) if one.source.key == key), None)
        if found is None:
            raise MacroNotFound("It may have been removed")
        return found

    async def meant_for(self, topic: str | None, agent: Agent) -> list[Shelved]:
        """Those that are of use to him for a case about `topic`; those for just such first."""
        fitting = [one for one in await self.seen_by(agent) if one.macro.is_for(topic)]
        return sorted(fitting, key=lambda one: not one.macro.topics)

    async def add(self, source: MacroSource, agent: Agent, *, team: str | None = None) -> Shelved:
        """His own, or as a supervisor a team's.

        Raises:
            MacroExists, TooManyMacros, InvalidMacro, NotYourMacro.
        """
        if team is not None:
            _require_supervisor(agent)
        if source.key in self._keys_of_file:
            raise MacroExists("It stands in programme/macros.yaml")
        macro = await self._checked(source, team=team)
        stored = await self._stored.add(source.key, _document(source), agent, team=team)
        return _as_stored(source, macro, stored)

    async def change(self, source: MacroSource, agent: Agent, *, only_if: frozenset[str] | None) -> Shelved:
        """Raises `MacroOfFile`, `MacroNotFound`, `MacroChanged`, `InvalidMacro`, `NotYourMacro`."""
        await self._require_his(source.key, agent)
        macro = await self._checked(source)
        stored = await self._stored.change(source.key, _document(source), agent, only_if=only_if)
        return _as_stored(source, macro, stored)

    async def remove(self, key: str, agent: Agent, *, only_if: frozenset[str] | None) -> None:
        """Raises `MacroOfFile`, `MacroNotFound`, `MacroChanged`, `NotYourMacro`."""
        await self._require_his(key, agent)
        await self._stored.change(key, None, agent, only_if=only_if)

    async def _require_his(self, key: str, agent: Agent) -> None:
        if key in self._keys_of_file:
            raise MacroOfFile("Change it in the file")
        stored = await self._stored.seen_by(agent.id, await self._teams(agent))
        found = next((one for one in stored if one.key == key), None)
        if found is None:
            raise MacroNotFound("It may have been removed")
        if found.team is not None:
            _require_supervisor(agent)

    async def _teams(self, agent: Agent) -> frozenset[str]:
        if SUPERVISOR in agent.roles:
            return self.maker.teams
        try:
            return (await self._agents.colleague(agent.id)).profile.teams
        except AgentNotFound:  # a token, which is nobody's
            return frozenset()

    async def _checked(self, source: MacroSource, *, team: str | None = None) -> Macro:
        found = list[str]()
        macro = macro_of(source, self.maker, found)
        if team is not None:
            require_known([team], self.maker.teams, "team", found)
        for act in macro.acts:
            if isinstance(act, GiveTo) and act.who is not None:
                try:
                    await self._agents.colleague(act.who)
                except AgentNotFound as nobody:
                    found.append(f"then.assign: {nobody}")
        if found:
            raise InvalidMacro(found)
        return macro

    def _shelved(self, stored: StoredMacro) -> Shelved | None:
        """`None`, when it cannot be used any more, or a newer version of this service wrote it."""
        found = list[str]()
        try:
            source = MacroSource.model_validate_json(stored.definition or "")
            macro = macro_of(source, self.maker, found)
        except ValidationError as unknown:
            found.append(f"{unknown.error_count()} problems")
        if found or stored.key in self._keys_of_file:
            log.warning("macro_unusable", macro=stored.key, version=stored.version)
            return None
        return _as_stored(source, macro, stored)

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


def _as_stored(source: MacroSource, macro: Macro, stored: StoredMacro) -> Shelved:
    return Shelved(source, macro, stored.version, stored.owner_id, stored.team, stored.agent_name)


def _require_supervisor(agent: Agent) -> None:
    if SUPERVISOR not in agent.roles:
        raise NotYourMacro("Ask a supervisor")


def _document(source: MacroSource) -> str:
    return source.model_dump_json(by_alias=True, exclude_unset=True)


def _conversation(case: CaseView, wanted: str | None) -> ConversationView:
    found = next((one for one in case.conversations if one.id == (wanted or case.conversation_id)), None)
    if found is None:
        raise ConversationNotFound("Answer in a conversation of this case's participant")
    return found
