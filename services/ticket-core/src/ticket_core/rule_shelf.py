"""All rules there are: those of the programme's file, which are changed there, and those of the supervisors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.observability.logging import get_logger
from ticket_core.adapters.rule_files import rules_of_file
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.adapters.rule_source import RuleSource
from ticket_core.domain.acts import GiveTo
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound, InvalidRule, RuleExists, RuleNotFound, RuleOfFile
from ticket_core.domain.rulebook import RuleBook
from ticket_core.domain.rules import Rule
from ticket_core.store.attendance import Attendances
from ticket_core.store.stored_rules import RuleVersion, StoredRules

log = get_logger()


@dataclass(frozen=True, slots=True)
class Shelved:
    """A rule as it was written. Without a `rule` it cannot be used any more, because of `problems`.

    Of a rule of the file, nobody knows here who wrote it when.
    """

    source: RuleSource
    rule: Rule | None
    of_file: bool = False
    version: int = 0
    problems: tuple[str, ...] = ()
    at: datetime | None = None
    agent_id: str | None = None
    agent_name: str | None = None

    @property
    def etag(self) -> str:
        return f"{self.source.key}.{self.version}"


class RuleShelf:
    def __init__(self, *, file: Sequence[Shelved], stored: StoredRules, maker: RuleMaker, agents: Attendances) -> None:
        self.stored = stored
        self.maker = maker
        self._file = {one.source.key: one for one in file}
        self._agents = agents
        self._known: tuple[int, RuleBook] | None = None

    @classmethod
    def load(cls, programme: Path, engine: AsyncEngine) -> "RuleShelf":
        """With the rules of the folder `programme`; raises `ProgrammeError`."""
        maker = RuleMaker.load(programme)
        file = [Shelved(source, rule, of_file=True) for source, rule in rules_of_file(programme, maker)]
        return cls(file=file, stored=StoredRules(engine), maker=maker, agents=Attendances(engine))

    async def book(self) -> RuleBook:
        """Those that hold now."""
        revision = await self.stored.revision()
        if self._known is None or self._known[0] != revision:
            shelved = await self.all()
            for unusable in (one for one in shelved if one.rule is None):
                log.error("rule_unusable", rule=unusable.source.key, version=unusable.version)
            self._known = (revision, self.book_of(shelved))
        return self._known[1]

    def book_of(self, shelved: Sequence[Shelved]) -> RuleBook:
        """Those of them that are enabled and can be used, in their order."""
        rules = [one.rule for one in in_order(shelved) if one.source.enabled and one.rule is not None]
        return RuleBook(rules, gaps=self.maker.gaps)

    async def all(self) -> list[Shelved]:
        """In the order in which they act."""
        stored = [one for one in await self.stored.all() if one.key not in self._file and _is_readable(one)]
        return in_order([*self._file.values(), *map(self._shelved, stored)])

    async def get(self, key: str) -> Shelved:
        """Raises `RuleNotFound`."""
        found = next((one for one in await self.all() if one.source.key == key), None)
        if found is None:
            raise RuleNotFound("It may have been removed")
        return found

    async def add(self, source: RuleSource, agent: Agent) -> Shelved:
        """Raises `RuleExists`, `TooManyRules`, `InvalidRule`, `AgentNotFound`."""
        if source.key in self._file:
            raise RuleExists("It stands in programme/rules.yaml")
        await self.checked(source)
        return self._shelved(await self.stored.add(source.key, _document(source), agent))

    async def change(self, source: RuleSource, agent: Agent, *, only_if: frozenset[str] | None) -> Shelved:
        """Raises `RuleOfFile`, `RuleNotFound`, `RuleChanged`, `InvalidRule`, `AgentNotFound`."""
        self._refuse_file(source.key)
        await self.checked(source)
        return self._shelved(await self.stored.change(source.key, _document(source), agent, only_if=only_if))

    async def enable(self, key: str, agent: Agent, *, enabled: bool, only_if: frozenset[str] | None) -> Shelved:
        """Raises what `change` does. A rule that cannot be used any more can still be disabled."""
        self._refuse_file(key)
        before = await self.get(key)
        source = before.source.model_copy(update={"enabled": enabled})
        if enabled:
            await self.checked(source)
        # Nobody else's change is to be lost between the two.
        still = only_if if only_if is not None else frozenset({before.etag})
        return self._shelved(await self.stored.change(key, _document(source), agent, only_if=still))

    async def remove(self, key: str, agent: Agent, *, only_if: frozenset[str] | None) -> None:
        """Raises `RuleOfFile`, `RuleNotFound`, `RuleChanged`."""
        self._refuse_file(key)
        await self.stored.change(key, None, agent, only_if=only_if)

    async def checked(self, source: RuleSource, *, version: int = 0) -> Rule:
        """The rule that it makes, if it can be used.

        Raises:
            InvalidRule, AgentNotFound.
        """
        rule = self.maker.rule(source, version=version)
        for act in rule.acts:
            if isinstance(act, GiveTo) and act.who is not None:
                try:
                    await self._agents.colleague(act.who)
                except AgentNotFound as nobody:
                    raise InvalidRule([f"then.assign: {nobody}"]) from nobody
        return rule

    async def draft(self, source: RuleSource) -> Shelved:
        """As it would be; for a trial, it counts as enabled.

        Raises:
            InvalidRule.
        """
        return Shelved(source.model_copy(update={"enabled": True}), await self.checked(source))

    def _refuse_file(self, key: str) -> None:
        if key in self._file:
            raise RuleOfFile("Change it in the file")

    def _shelved(self, stored: RuleVersion) -> Shelved:
        source, rule, problems = self._made(stored)
        return Shelved(
            source,
            rule,
            version=stored.version,
            problems=problems,
            at=stored.at,
            agent_id=stored.agent_id,
            agent_name=stored.agent_name,
        )

    def _made(self, stored: RuleVersion) -> tuple[RuleSource, Rule | None, tuple[str, ...]]:
        source = RuleSource.model_validate_json(stored.definition or "")
        try:
            return source, self.maker.rule(source, version=stored.version), ()
        except InvalidRule as wrong:
            return source, None, wrong.problems


def _is_readable(stored: RuleVersion) -> bool:
    """A newer version of this service, beside this one, may know words that are not known here."""
    try:
        RuleSource.model_validate_json(stored.definition or "")
    except ValidationError as unknown:
        log.warning("rule_unreadable", rule=stored.key, version=stored.version, problems=unknown.error_count())
        return False
    return True


def in_order(shelved: Sequence[Shelved]) -> list[Shelved]:
    """Those of the file come first among equals, as they stand in it; then by key."""
    return sorted(shelved, key=lambda one: (one.source.order, not one.of_file, "" if one.of_file else one.source.key))


def _document(source: RuleSource) -> str:
    return source.model_dump_json(by_alias=True, exclude_unset=True)
