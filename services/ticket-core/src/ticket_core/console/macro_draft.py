"""A macro as it stands in a form, and back; or beside which part of it what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from kawal.contracts.words import Locale
from kawal.programme import CaseField
from ticket_core.adapters.macro_files import macro_of
from ticket_core.adapters.macro_source import MacroSource
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.adapters.rule_source import ActsSource
from ticket_core.console.act_rows import Row, Writer, acts_in, acts_of, changed_acts, merged, text_in, texts_in
from ticket_core.console.rule_checking import Problem, key_of
from ticket_core.domain.placeholders import PARTICIPANT_NAME, problems
from ticket_core.macro_shelf import Shelved

_INSTEAD = {Locale.INDONESIAN: "Bapak/Ibu", Locale.ENGLISH: "Hello"}
INSERT = "insert."


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroDraft:
    """`key` and `version` are of the macro that is changed. Without `team` it is the agent's own."""

    token: str
    key: str = ""
    version: str = ""
    team: str = ""
    label_id: str = ""
    label_en: str = ""
    text_id: str = ""
    text_en: str = ""
    topics: tuple[str, ...] = ()
    acts: tuple[Row, ...] = ()

    @property
    def texts(self) -> dict[Locale, str]:
        return {Locale.INDONESIAN: self.text_id, Locale.ENGLISH: self.text_en}

    def changed(self, step: str, *, act: str) -> "MacroDraft":
        """With an act more or less, or with a placeholder behind both texts: `insert.case.number`."""
        if step.startswith(INSERT):
            name = step.removeprefix(INSERT)
            more = {f"text_{one}": f"{text} {placeholder(name, one)}".strip() for one, text in self.texts.items()}
            return replace(self, **more)  # type: ignore[arg-type]
        return replace(self, acts=changed_acts(self.acts, step, act=act))


def placeholder(name: str, locale: Locale) -> str:
    """As it is written in a text."""
    return "{{" + name + (f"|{_INSTEAD[locale]}" if name == PARTICIPANT_NAME else "") + "}}"


def of_form(form: FormData) -> MacroDraft:
    """What was typed, whatever it was."""
    names = ("label_id", "label_en", "text_id", "text_en")
    return MacroDraft(
        token=text_in(form, "token")[:8],
        key=text_in(form, "key")[:31],
        version=text_in(form, "version")[:64],
        team=text_in(form, "team")[:31],
        topics=texts_in(form, "topics"),
        acts=acts_in(form),
        **{name: text_in(form, name) for name in names},
    )


def of_macro(shelved: Shelved, *, token: str) -> MacroDraft:
    source = shelved.source
    return MacroDraft(
        token=token,
        key=source.key,
        version=shelved.etag,
        team=shelved.team or "",
        label_id=source.label.id,
        label_en=source.label.en,
        text_id=source.text.id if source.text else "",
        text_en=source.text.en if source.text else "",
        topics=source.topics,
        acts=tuple(acts_of(source.then)) if source.then else (),
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """`problems` are by place: `label_id`, `text_en`, `then.note`, `macro`."""

    source: MacroSource | None
    problems: dict[str, Problem] = field(default_factory=dict)


class MacroChecking:
    def __init__(self, maker: RuleMaker, fields: Iterable[CaseField]) -> None:
        self._maker = maker
        self._names = maker.gaps.names(agent=True)
        self._writer = Writer(fields)

    def check(self, draft: MacroDraft) -> Checked:
        """Every part by itself, so that each has its own problem; then all of it."""
        found = self.text_problems(draft)
        for name in ("label_id", "label_en"):
            if not 0 < len(getattr(draft, name)) <= 100:
                found[name] = Problem("name")
        if not (draft.acts or any(draft.texts.values())):
            found["text_id"] = Problem("no_use")
        acts = [self._act(row, found) for row in draft.acts]
        return Checked(None, found) if found else self._whole(draft, acts)

    def text_problems(self, draft: MacroDraft) -> dict[str, Problem]:
        found = dict[str, Problem]()
        for locale, text in draft.texts.items():
            if not text and any(draft.texts.values()):
                found[f"text_{locale}"] = Problem("one_language")
            if wrong := problems(text, known=self._names):
                found[f"text_{locale}"] = Problem("placeholder", "; ".join(wrong))
        return found

    def _act(self, row: Row, found: dict[str, Problem]) -> dict[str, Any]:
        place = f"then.{row.what}"
        if row.empty:
            found[place] = Problem("empty")
            return {}
        part, wrong = self._writer.act(row), list[str]()
        try:
            list(self._maker.acts(ActsSource.model_validate(part), wrong, names=self._names))
        except ValidationError as unfit:
            wrong.append(unfit.errors()[0]["msg"])
        if wrong:
            found[place] = Problem("placeholder" if row.what == "note" else "invalid", "; ".join(wrong))
        return part

    def _whole(self, draft: MacroDraft, acts: list[dict[str, Any]]) -> Checked:
        written: dict[str, Any] = {
            "key": draft.key or key_of(draft.label_en, draft.token, kind="macro"),
            "label": {"id": draft.label_id, "en": draft.label_en},
        }
        if draft.topics:
            written["topics"] = draft.topics
        if draft.text_id:
            written["text"] = {"id": draft.text_id, "en": draft.text_en}
        if acts:
            written["then"] = merged(acts)
        wrong = list[str]()
        try:
            source = MacroSource.model_validate(written)
            macro_of(source, self._maker, wrong)
        except ValidationError as unfit:
            wrong.append(unfit.errors()[0]["msg"])
        return Checked(None, {"macro": Problem("invalid", "; ".join(wrong))}) if wrong else Checked(source)
