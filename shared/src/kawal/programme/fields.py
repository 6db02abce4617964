"""What agents write down about a case, typed and by topic of complaint: `programme/fields.yaml`.

A field's key stands in timelines for years: labels may change; key and kind not.
"""

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, model_validator

from kawal.contracts.words import Locale
from kawal.programme.loading import Closed, ProgrammeError, load_yaml
from kawal.programme.topics import Key, Label, Topics

FILE = "fields.yaml"

TopicOrGroup = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}(\.[a-z][a-z0-9_]{1,30})?$")]


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Choice(Closed):
    key: Key
    label: Label


class CaseField(Closed):
    """One thing to write down. `topics` are keys of groups or topics; none at all means every case."""

    key: Key
    label: Label
    kind: FieldKind
    topics: tuple[TopicOrGroup, ...] = ()
    choices: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _choices_fit_the_kind(self) -> "CaseField":
        if (self.kind is FieldKind.CHOICE) != bool(self.choices):
            raise ValueError("a choice has `choices`, and nothing else has")
        keys = [choice.key for choice in self.choices]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"choices there twice: {', '.join(twice)}")
        return self


class Fields(Closed):
    """All fields, in the order they are shown."""

    fields: tuple[CaseField, ...] = ()

    @classmethod
    def load(cls, programme: Path) -> "Fields":
        """Read `fields.yaml` in the folder `programme`, its topics checked; raises `ProgrammeError`."""
        path = programme / FILE
        found = load_yaml(path, cls)
        topics = Topics.load(programme)
        known = {*topics, *(group.key for group in topics.groups)}
        unknown = [
            f"fields.{field.key}: {topic!r} is no topic or group of topics.yaml"
            for field in found.fields
            for topic in field.topics
            if topic not in known
        ]
        if unknown:
            raise ProgrammeError(path, *unknown)
        return found

    def label(self, key: str, *, locale: Locale) -> str:
        """What a field is called; its key when it is no longer in the file, for old cases still have it."""
        found = self._by_key.get(key)
        return found.label.into(locale) if found else key

    def choice_label(self, key: str, value: object, *, locale: Locale) -> str:
        """A value of the field `key` in words: a choice by its label, anything else as it is."""
        field = self._by_key.get(key)
        choices = field.choices if field else ()
        return next((choice.label.into(locale) for choice in choices if choice.key == value), str(value))

    @cached_property
    def _by_key(self) -> dict[str, CaseField]:
        return {field.key: field for field in self.fields}

    @model_validator(mode="after")
    def _no_key_twice(self) -> "Fields":
        keys = [field.key for field in self.fields]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self
