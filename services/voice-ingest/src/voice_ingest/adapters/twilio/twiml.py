"""Actions as TwiML: https://www.twilio.com/docs/voice/twiml."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from kawal.contracts.words import Locale
from voice_ingest.domain.machine import Action, Continue, Gather, Hangup, Record, Say

LANGUAGES = {Locale.INDONESIAN: "id-ID", Locale.ENGLISH: "en-US"}
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


class Twiml:
    """Renders what callers hear; `voices` names one of Twilio's voices for a language."""

    def __init__(self, voices: Mapping[Locale, str]) -> None:
        self._voices = voices

    def render(self, actions: Sequence[Action], *, input_url: str, recording_url: str = "") -> bytes:
        response = Element("Response")
        for action in actions:
            self._append(response, action, input_url=input_url, recording_url=recording_url)
        return _document(response)

    def hold(self, say: Say, *, seconds: int, url: str) -> bytes:
        response = Element("Response")
        self._say(response, say)
        SubElement(response, "Pause", {"length": str(seconds)})
        _redirect(response, url)
        return _document(response)

    def _append(self, parent: Element, action: Action, *, input_url: str, recording_url: str) -> None:
        match action:
            case Say():
                self._say(parent, action)
            case Gather():
                self._gather(parent, action, input_url)
            case Record():
                self._record(parent, action, recording_url)
                # Twilio goes on behind <Record> only when nothing was said.
                _redirect(parent, recording_url)
            case Continue():
                _redirect(parent, input_url)
            case Hangup():
                SubElement(parent, "Hangup")
            case _:
                raise TypeError(f"{action} is for the edge to do, not for the provider")

    def _say(self, parent: Element, say: Say) -> None:
        attributes = {"language": LANGUAGES[say.locale]}
        if voice := self._voices.get(say.locale):
            attributes["voice"] = voice
        SubElement(parent, "Say", attributes).text = say.text

    def _gather(self, parent: Element, gather: Gather, input_url: str) -> None:
        attributes = {
            "input": "dtmf",
            "action": input_url,
            "method": "POST",
            "numDigits": str(gather.digits),
            "timeout": str(gather.timeout_s),
            "finishOnKey": gather.finish or "",
            "actionOnEmptyResult": "true",
        }
        element = SubElement(parent, "Gather", attributes)
        for say in gather.says:
            self._say(element, say)

    def _record(self, parent: Element, record: Record, recording_url: str) -> None:
        attributes = {
            "action": recording_url,
            "method": "POST",
            "maxLength": str(record.max_s),
            "timeout": str(record.silence_s),
            "finishOnKey": "#",
            "playBeep": "true",
            "trim": "do-not-trim",
        }
        SubElement(parent, "Record", attributes)


def _redirect(parent: Element, url: str) -> None:
    SubElement(parent, "Redirect", {"method": "POST"}).text = url


def _document(response: Element) -> bytes:
    return DECLARATION + tostring(response)
