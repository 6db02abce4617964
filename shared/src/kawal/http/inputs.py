"""Field types for what people type: trimmed, without control characters, never changed otherwise."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_LAYOUT = {"\n", "\t"}


def _without_controls(text: str, *, allowed: set[str]) -> str:
    if any(not character.isprintable() and ord(character) < 0xA0 and character not in allowed for character in text):
        raise PydanticCustomError("control_character", "Control characters are not allowed")
    return text.strip()


def _prose(text: str) -> str:
    return _without_controls(text.replace("\r\n", "\n").replace("\r", "\n"), allowed=_LAYOUT)


def _line(text: str) -> str:
    return _without_controls(text, allowed=set())


Prose = Annotated[str, AfterValidator(_prose)]
"""Several lines; line ends become `\\n`. Give the length with `Field(max_length=…)` in front."""

Line = Annotated[str, AfterValidator(_line)]
"""One line, such as a name."""
