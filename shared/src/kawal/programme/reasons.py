"""Why cases wait for third parties, and how they end: `programme/reasons.yaml`.

A reason's key stands in timelines and statistics for years: labels may change, keys not.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from kawal.contracts.words import Locale
from kawal.programme.loading import Closed, load_yaml
from kawal.programme.topics import Key, Label

FILE = "reasons.yaml"


class Reason(Closed):
    key: Key
    label: Label


class Reasons(Closed):
    """Both lists, in the order they are shown."""

    on_hold: Annotated[tuple[Reason, ...], Field(min_length=1)]
    resolution: Annotated[tuple[Reason, ...], Field(min_length=1)]

    @classmethod
    def load(cls, programme: Path) -> "Reasons":
        """Read `reasons.yaml` in the folder `programme`; raises `ProgrammeError`."""
        return load_yaml(programme / FILE, cls)

    def label(self, key: str, *, locale: Locale) -> str:
        """What a reason is called; its key when it is no longer in the file, for old cases still have it."""
        found = next((reason for reason in (*self.on_hold, *self.resolution) if reason.key == key), None)
        return found.label.into(locale) if found else key

    @model_validator(mode="after")
    def _no_key_twice(self) -> "Reasons":
        """Not even across the lists: a report shows a reason without saying which list it is of."""
        keys = [reason.key for reason in (*self.on_hold, *self.resolution)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self
