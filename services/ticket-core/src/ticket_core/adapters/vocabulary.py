"""The programme's words for a case: what it may be about, why it waits, how it ends, what is written down about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kawal.programme import CaseField, Fields, Label, Reasons, Topics, load_yaml
from ticket_core.adapters.calendar_files import FILE as CALENDARS
from ticket_core.adapters.calendar_files import CalendarsFile
from ticket_core.adapters.programme import rule_of
from ticket_core.adapters.routing_files import RoutingFile


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`teams` and `calendars` are what they are called, by key."""

    topics: Topics
    reasons: Reasons
    fields: Fields
    teams: Mapping[str, Label]
    calendars: Mapping[str, Label]

    @classmethod
    def load(cls, programme: Path) -> "Vocabulary":
        """Of the folder `programme`; raises `ProgrammeError`."""
        calendars = load_yaml(programme / CALENDARS, CalendarsFile).calendars
        return cls(
            Topics.load(programme),
            Reasons.load(programme),
            Fields.load(programme),
            {one.key: one.label for one in RoutingFile.load(programme).teams},
            {one.key: one.label for one in calendars},
        )

    def fields_for(self, topic: str | None) -> list[CaseField]:
        """The fields that a case about `topic` has, in the order they are shown."""
        return [field for field in self.fields.fields if rule_of(field).is_for(topic)]
