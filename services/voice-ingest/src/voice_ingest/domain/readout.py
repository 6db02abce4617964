"""An answer read out to a participant whom we called, as a pure machine in the words of `machine.py`."""

from enum import StrEnum

from kawal.contracts.words import Locale
from voice_ingest.domain.flow import Readout
from voice_ingest.domain.machine import Action, Continue, Gather, Hangup, Say, spell

ANSWER_TIMEOUT_S = 6


class Part(StrEnum):
    """How far a readout has come; `HEARD` is asked for only after the text was spoken to its end."""

    TEXT = "text"
    HEARD = "heard"
    CHOICE = "choice"


def read_text(readout: Readout, *, number: str, text: str, locale: Locale) -> tuple[Action, ...]:
    """The text, then `Continue`, which tells that it was heard."""
    intro = readout.intro.text(locale).replace("{number}", spell(number))
    return (Say(intro, locale), Say(text, locale), Continue())


def offer_again(readout: Readout, *, locale: Locale) -> tuple[Action, ...]:
    prompt = Say(readout.again.text(locale), locale)
    return (Gather(says=(prompt,), digits=1, timeout_s=ANSWER_TIMEOUT_S),)


def wants_again(readout: Readout, *, digits: str, times: int) -> bool:
    """Whether the text is read once more after it was read `times` times."""
    return digits == readout.again_key and times <= readout.repeats


def say_goodbye(readout: Readout, *, locale: Locale) -> tuple[Action, ...]:
    return (Say(readout.goodbye.text(locale), locale), Hangup())
