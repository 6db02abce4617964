"""Texts with gaps, `{{participant.name|Bapak/Ibu}}`: checked when they are saved, filled when they are sent.

Behind the `|` stands what is written where the value is missing. What is filled in is never looked at again.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kawal import case_numbers
from kawal.contracts.words import Locale

PARTICIPANT_NAME, CASE_NUMBER, AGENT_NAME = "participant.name", "case.number", "agent.name"
PROGRAMME = "programme."
LONGEST = 10_000
_MAY_BE_MISSING = frozenset({PARTICIPANT_NAME})
# No two parts of it that could share what they match: in a long text that would take hours.
_PLACEHOLDER = re.compile(r"\{\{([^{}|]*)(?:\|([^{}|]*))?\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Gaps:
    """What texts may ask for. `facts` of the programme are by key, and then by language."""

    facts: Mapping[str, Mapping[Locale, str]] = field(default_factory=dict)

    def names(self, *, agent: bool) -> frozenset[str]:
        """All names; that of an agent only where one writes."""
        ours = {PARTICIPANT_NAME, CASE_NUMBER, *(PROGRAMME + key for key in self.facts)}
        return frozenset(ours | {AGENT_NAME} if agent else ours)

    def values(
        self, *, locale: Locale, number: str, participant: str | None, agent: str | None = None
    ) -> dict[str, str]:
        """What is known for one case."""
        known = {PARTICIPANT_NAME: participant, CASE_NUMBER: case_numbers.display(number), AGENT_NAME: agent}
        known |= {PROGRAMME + key: words[locale] for key, words in self.facts.items()}
        return {name: " ".join(value.split()) for name, value in known.items() if value}


def problems(text: str, *, known: Collection[str]) -> list[str]:
    """Why `text` cannot be sent to everybody; nothing, if it can."""
    each = {match[0]: match for match in _PLACEHOLDER.finditer(text)}
    found = [problem for match in each.values() if (problem := _problem(match, known))]
    if _BRACES.search(_PLACEHOLDER.sub("", text)):
        found.append("a placeholder is {{name}} or {{name|what is written if it is missing}}, in one line")
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` without gaps, cut to what a message may hold."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1].strip()) or (match[2] or "").strip(), text)[:LONGEST]


def _problem(match: re.Match[str], known: Collection[str]) -> str | None:
    name, default = match[1].strip(), (match[2] or "").strip()
    if name not in known:
        return f"unknown placeholder {match[0]}; known are {', '.join(sorted(known))}"
    if name in _MAY_BE_MISSING and not default:
        return f"{match[0]} may be missing: write {{{{{name}|…}}}} with what to say instead"
    return None
