"""What rules may name, with what it is called: for menus, and for saying a rule in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kawal.contracts.case_events import CaseState
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Author, Channel, Locale
from kawal.programme import FieldKind
from ticket_core.adapters.vocabulary import Vocabulary
from ticket_core.console.rendering import Console
from ticket_core.domain.conditions import ANYBODY, NONE, Checked, Moment
from ticket_core.domain.kinds import Priority
from ticket_core.domain.occasions import RULE
from ticket_core.macro_shelf import Shelved as Macro
from ticket_core.rule_rehearsal import Change
from ticket_core.store.agents import AgentView

FIELD = "fields."
YES, NO = "yes", "no"
Choice = tuple[str, str]
"""The word that a rule has, and what people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    words: Vocabulary
    locale: Locale
    agents: Sequence[AgentView]
    macros: Sequence[Macro]
    text: Callable[[str], str]

    def of(self, name: str) -> list[Choice]:
        """Of a condition; none, where it is free text."""
        if name.startswith(FIELD):
            return self._of_field(name.removeprefix(FIELD))
        match name:
            case "topic":
                return self._topics()
            case "assignee":
                people = [(one.email, one.name) for one in self.agents]
                return [(NONE, self.said("nobody")), (ANYBODY, self.said("anybody")), *people]
            case "team":
                return [(NONE, self.said("no_team")), *self.teams]
            case "calendar":
                return [(key, label.into(self.locale)) for key, label in self.words.calendars.items()]
        words, place = _CLOSED.get(name, ((), ""))
        return [(word, self.text(f"console.{place}.{word}")) for word in words]

    def of_act(self, name: str) -> list[Choice]:
        """Of an act; none, where it is free text. A state has its reason with it: `resolved|fixed`."""
        people = [(one.email, one.name) for one in self.agents]
        answers = [one.macro for one in self.macros if one.macro.texts]
        found = {
            "topic": [one for one in self._topics() if one[0] == NONE or "." in one[0]],
            "assign": [(NONE, self.said("nobody")), *people],
            "team": self.teams,
            "macro": [(one.key, one.label[self.locale]) for one in answers],
            "state": self._states(),
            "priority": self.of("priority"),
        }
        return found.get(name) or (self._of_field(name.removeprefix(FIELD)) if name.startswith(FIELD) else [])

    def act_name(self, name: str) -> str:
        """What an act is called."""
        return self._known(f"console.rules.act.{name}", self.name(name))

    def _states(self) -> list[Choice]:
        label, reasons = dict(self.of("state")), self.words.reasons
        found = [("open|", label["open"]), ("pending|", label["pending"])]
        found += [
            (f"on_hold|{one.key}", f"{label['on_hold']}: {one.label.into(self.locale)}") for one in reasons.on_hold
        ]
        found.append(("resolved|", label["resolved"]))
        resolved = label["resolved"]
        return found + [
            (f"resolved|{one.key}", f"{resolved}: {one.label.into(self.locale)}") for one in reasons.resolution
        ]

    @property
    def teams(self) -> list[Choice]:
        return [(key, label.into(self.locale)) for key, label in self.words.teams.items()]

    def label(self, name: str, value: Any) -> str:
        """What a value of a condition is called; the value, where nothing is known of it."""
        word = self.word(value)
        return next(
            (label for one, label in self.of(name) if one == word), self.said("nothing") if word == "" else word
        )

    @staticmethod
    def word(value: Any) -> str:
        """A value as it stands in a form."""
        if isinstance(value, bool):
            return YES if value else NO
        return "" if value is None else str(value)

    def name(self, name: str) -> str:
        """What a condition is called."""
        if name.startswith(FIELD):
            return self.words.fields.label(name.removeprefix(FIELD), locale=self.locale)
        return self._known(f"console.rules.what.{name}", name)

    def condition(self, checked: Checked) -> str:
        """What a condition that was looked at is called."""
        name, _, which = checked.condition.partition(".")
        match name:
            case "hours":
                return self.label("calendar", which)
            case "since":
                return self.label("moment", which)
            case "not":
                return f"{', '.join(map(self.condition, checked.parts))} {self.said('is_not')}"
            case "any" | "all":
                return ", ".join(map(self.condition, checked.parts))
        return self.name(checked.condition)

    def change(self, change: Change) -> str:
        """What an entry that would be written says besides its kind."""
        match change.kind:
            case "priority" | "topic" as what:
                return self.label(what, change.details.get(what) or NONE)
            case "tags":
                return ", ".join(change.details.get("tags", ()))
        return change.text or (self.label("state", change.state) if change.state else "")

    def event(self, event: str) -> str:
        return self._known(f"console.rules.event.{event}", event)

    def said(self, key: str) -> str:
        return self.text(f"console.rules.{key}")

    def _known(self, key: str, otherwise: str) -> str:
        try:
            return self.text(key)
        except KeyError:
            return otherwise

    def _topics(self) -> list[Choice]:
        found = [(NONE, self.text("console.no_topic"))]
        for group in self.words.topics.groups:
            label = group.label.into(self.locale)
            found.append((group.key, f"{label}: {self.said('whole_group')}"))
            found += [(group.key_of(one), f"{label}: {one.label.into(self.locale)}") for one in group.topics]
        return found

    def _of_field(self, key: str) -> list[Choice]:
        field = next((one for one in self.words.fields.fields if one.key == key), None)
        if field is None or field.kind not in (FieldKind.CHOICE, FieldKind.YES_NO):
            return []
        if field.kind is FieldKind.YES_NO:
            known = [(YES, self.text("console.yes")), (NO, self.text("console.no"))]
        else:
            known = [(one.key, one.label.into(self.locale)) for one in field.choices]
        return [("", self.said("nothing")), *known]


_CLOSED: dict[str, tuple[Sequence[str], str]] = {
    "channel": (tuple(Channel), "channel"),
    "state": (tuple(CaseState), "state"),
    "priority": (tuple(Priority), "priority"),
    "language": (tuple(Locale), "language"),
    "author": ((*map(str, Author), RULE), "rules.author"),
    "entry.state": (tuple(DeliveryState), "told"),
    "moment": (tuple(Moment), "rules.moment"),
}


async def choices_of(console: Console, locale: Locale) -> Choices:
    """What can be named now."""
    return Choices(
        words=console.words,
        locale=locale,
        agents=await console.desk.agents.all(),
        macros=console.desk.macros.of_file,
        text=lambda key: console.pages.texts.get(key, locale=locale),
    )
