"""Macros as people write them, in `programme/macros.yaml`."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from kawal.programme.loading import Closed
from kawal.programme.topics import Key
from ticket_core.adapters.rule_source import MOST_VALUES, ActsSource, Name, Source, Text, Word

FILE = "macros.yaml"
MOST_MACROS = 200


class MacroText(Source):
    id: Text
    en: Text


class MacroSource(Source):
    """`text` is the answer, `then` what is done besides."""

    key: Key
    label: Name
    topics: Annotated[tuple[Word, ...], Field(max_length=MOST_VALUES)] = ()
    text: MacroText | None = None
    then: ActsSource | None = None

    @property
    def does(self) -> dict[str, Any]:
        """What stands under `then`, as it was written."""
        return self.then.written if self.then else {}

    @model_validator(mode="after")
    def _has_a_use(self) -> "MacroSource":
        if self.text is None and self.then is None:
            raise ValueError("say `text`, `then` or both")
        if self.then is not None and self.then.reply is not None:
            raise ValueError("the answer of a macro is its `text`")
        return self


class MacrosFile(Closed):
    """The file as its owner writes it."""

    macros: Annotated[tuple[MacroSource, ...], Field(max_length=MOST_MACROS)] = ()

    @model_validator(mode="after")
    def _no_key_twice(self) -> "MacrosFile":
        keys = [macro.key for macro in self.macros]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self
