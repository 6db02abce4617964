"""The programme's words for a case: what it may be about, why it waits, how it ends, what is written down about it."""

from dataclasses import dataclass
from pathlib import Path

from kawal.programme import CaseField, Fields, Reasons, Topics
from ticket_core.adapters.programme import rule_of


@dataclass(frozen=True, slots=True)
class Vocabulary:
    topics: Topics
    reasons: Reasons
    fields: Fields

    @classmethod
    def load(cls, programme: Path) -> "Vocabulary":
        """Of the folder `programme`; raises `ProgrammeError`."""
        return cls(Topics.load(programme), Reasons.load(programme), Fields.load(programme))

    def fields_for(self, topic: str | None) -> list[CaseField]:
        """The fields that a case about `topic` has, in the order they are shown."""
        return [field for field in self.fields.fields if rule_of(field).is_for(topic)]
