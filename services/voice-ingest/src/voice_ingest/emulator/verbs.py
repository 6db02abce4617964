"""The TwiML that the emulated provider understands: https://www.twilio.com/docs/voice/twiml."""

from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring


class InvalidTwiml(ValueError):
    """An answer that Twilio would call an application error."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Play:
    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Gather:
    prompts: tuple[Say | Play | Pause, ...]
    action: str
    digits: int | None
    timeout_s: float
    finish: str
    action_on_empty: bool


@dataclass(frozen=True, slots=True)
class Record:
    action: str
    max_s: float
    finish: str


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Verb = Say | Play | Pause | Gather | Record | Redirect | Hangup


def parse(document: bytes, *, base_url: str) -> list[Verb]:
    """The verbs of a TwiML document; relative addresses are relative to `base_url`.

    Raises:
        InvalidTwiml: not XML, not a `<Response>`, or a verb that is not emulated.
    """
    try:
        root = fromstring(document)  # noqa: S314 the answer of this very service
    except ParseError as broken:
        raise InvalidTwiml("not XML") from broken
    if root.tag != "Response":
        raise InvalidTwiml("not a <Response>")
    return [_verb(element, base_url) for element in root]


def _verb(element: Element, base_url: str) -> Verb:
    match element.tag:
        case "Say" | "Play" | "Pause":
            return _prompt(element, base_url)
        case "Gather":
            return _gather(element, base_url)
        case "Record":
            return Record(
                action=urljoin(base_url, element.get("action", "")),
                max_s=float(element.get("maxLength", "3600")),
                finish=element.get("finishOnKey", "1234567890*#"),
            )
        case "Redirect":
            return Redirect(urljoin(base_url, (element.text or "").strip()))
        case "Hangup":
            return Hangup()
        case unknown:
            raise InvalidTwiml(f"<{unknown}> is not emulated")


def _prompt(element: Element, base_url: str) -> Say | Play | Pause:
    match element.tag:
        case "Say":
            return Say((element.text or "").strip(), element.get("language", "en-US"))
        case "Play":
            return Play(urljoin(base_url, (element.text or "").strip()))
        case "Pause":
            return Pause(float(element.get("length", "1")))
        case unknown:
            raise InvalidTwiml(f"<{unknown}> cannot stand in <Gather>")


def _gather(element: Element, base_url: str) -> Gather:
    digits = element.get("numDigits")
    return Gather(
        prompts=tuple(_prompt(child, base_url) for child in element),
        action=urljoin(base_url, element.get("action", "")),
        digits=int(digits) if digits else None,
        timeout_s=float(element.get("timeout", "5")),
        finish=element.get("finishOnKey", "#"),
        action_on_empty=element.get("actionOnEmptyResult", "false") == "true",
    )
