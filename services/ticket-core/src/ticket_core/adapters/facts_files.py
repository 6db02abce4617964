"""`programme/facts.yaml`: what texts may say of the programme, `{{programme.name}}`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from kawal.contracts.words import Locale
from kawal.programme import load_yaml
from kawal.programme.loading import Closed
from kawal.programme.topics import Key
from ticket_core.domain.placeholders import Gaps

FILE = "facts.yaml"
MOST_FACTS = 50

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^{}]*$")]


class Fact(Closed):
    id: Words
    en: Words


class FactsFile(Closed):
    facts: Annotated[dict[Key, Fact], Field(max_length=MOST_FACTS)]


def load_gaps(programme: Path) -> Gaps:
    """What is said in the folder `programme`; raises `ProgrammeError`."""
    file = load_yaml(programme / FILE, FactsFile)
    return Gaps({key: {Locale.INDONESIAN: one.id, Locale.ENGLISH: one.en} for key, one in file.facts.items()})
