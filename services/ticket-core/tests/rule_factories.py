"""Rules as their authors write them, and what comes of showing entries to them without a database."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC
from typing import Any

from core_factories import PROGRAMME, Desk
from kawal.contracts.words import Locale
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.adapters.rule_source import RuleSource
from ticket_core.domain.calendars import BusinessCalendar
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry
from ticket_core.domain.inputs import RunRules
from ticket_core.domain.language import Lexicon
from ticket_core.domain.occasions import Occasion, opens
from ticket_core.domain.placeholders import Gaps
from ticket_core.domain.roster import Roster
from ticket_core.domain.rulebook import RuleBook
from ticket_core.domain.rules import Rule
from ticket_core.domain.ruling import RulesRan

GAPS = Gaps({"hotline": {Locale.INDONESIAN: "Hubungi 0800", Locale.ENGLISH: "Call 0800"}})
MORNINGS = BusinessCalendar(UTC, {day: [(8 * 60, 12 * 60)] for day in range(7)})
LEXICON = Lexicon(canonical={"gak": "tidak"}, silent=frozenset({"min"}), known=frozenset({"tidak", "penipuan"}))
MAKER = RuleMaker(
    policy=PROGRAMME,
    groups=frozenset({"account"}),
    teams=frozenset({"payments"}),
    calendars={"mornings": MORNINGS},
    lexicon=LEXICON,
    gaps=GAPS,
)


def source(key: str = "one", **written: Any) -> RuleSource:
    """`if_` is what stands under `if`."""
    given = {"key": key, "label": {"id": f"Aturan {key}", "en": f"Rule {key}"}, "when": ["contact"]}
    given["then"] = {"priority": "urgent"}
    written = {name.removesuffix("_"): value for name, value in written.items()}
    return RuleSource.model_validate(given | written)


def rule(key: str = "one", **written: Any) -> Rule:
    return MAKER.rule(source(key, **written))


def book(*rules: Rule) -> RuleBook:
    return RuleBook(rules, gaps=GAPS)


def shelf(*rules: Rule) -> Callable[[], Awaitable[RuleBook]]:
    """What a task reads its rules from."""

    async def read() -> RuleBook:
        return book(*rules)

    return read


def timeline(desk: Desk, case: Case) -> list[Entry]:
    return [one.entry for one in desk.world.changed.recorded if one.entry.case_id == case.id]


def occasion(desk: Desk, entry: Entry, *, roster: Roster | None = None) -> Occasion:
    """As the task makes it."""
    case = desk.world.cases[entry.case_id]
    said = timeline(desk, case)[entry.seq].text if opens(entry) else entry.text
    spoken = desk.world.conversations.get(entry.conversation_id or case.conversation_id or "")
    language = spoken.locale if spoken else None
    return Occasion(entry=entry, text=said, language=language, lexicon=LEXICON, roster=roster or Roster())


def show(desk: Desk, entry: Entry, *rules: Rule, roster: Roster | None = None) -> RulesRan:
    given = RunRules(
        case_id=entry.case_id, occasion=occasion(desk, entry, roster=roster), rules=tuple(rules), gaps=GAPS
    )
    (ran,) = desk.give(given)
    assert isinstance(ran, RulesRan)
    return ran


def show_all(desk: Desk, case: Case, *rules: Rule, most: int = 1_000) -> list[RulesRan]:
    """Show every entry of the case, and what comes of that, until nothing comes any more."""
    found, seq = list[RulesRan](), 0
    while seq < len(entries := timeline(desk, case)):
        found.append(show(desk, entries[seq], *rules))
        seq += 1
        assert seq <= most, "it never ends"
    return found


SHOWN = {
    one.key: one
    for one in (
        rule("noted", when=["contact", "note"], then={"note": "kata rahasia petugas"}),
        rule("answered", when=["contact", "state"], then={"reply": {"id": "Sabar", "en": "Wait"}}),
        rule("held", when=["contact"], then={"state": "on_hold", "reason": "bank", "tags": {"add": ["rule"]}}),
        rule("resolved", when=["reply", "tags"], then={"state": "resolved", "reason": "fixed"}),
        rule("reopened", when=["state"], if_={"state": ["resolved"]}, then={"state": "open", "topic": "account"}),
    )
}
"""Some of each kind of act."""


def shown(desk: Desk, case: Case, seq: int, keys: Sequence[str]) -> RunRules:
    """Some of `SHOWN` are shown the entry `seq` of a case, or its last one."""
    entry = timeline(desk, case)[min(seq or 1, case.last_seq) - 1]
    rules = tuple(SHOWN[key] for key in keys)
    return RunRules(case_id=case.id, occasion=occasion(desk, entry), rules=rules, gaps=GAPS)
