"""The system's own words to participants, `programme/templates/{id,en}.yaml`, as Jinja templates in a sandbox.

Placeholders are checked when the files are loaded: a template that asks for something it is not given never gets
as far as a participant. `Templates` is the real thing behind notifier's port `Words`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import StringConstraints

from kawal import case_numbers
from kawal.contracts.case_events import NoticeTemplate
from kawal.contracts.words import CaseNumber, Locale
from kawal.programme.loading import Closed, ProgrammeError, load_yaml

FOLDER = "templates"
SMS_MAX = 160
_SAMPLE = {"case_number": "000-000-0000", "spoken_number": "0", "link": "https://host.example/", "text": ""}
_NUMBERS = frozenset({"case_number", "spoken_number"})

Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


class MailTexts(Closed):
    """May use `case_number` and `link`, the address of the status page; an answer `text` as well."""

    subject: Annotated[Source, StringConstraints(max_length=120)]
    body: Source


class NoticeTexts(Closed):
    """One notice in all its forms: `text` is for chat and status page. Nobody is called for a notice."""

    text: Source
    sms: Source
    mail: MailTexts


class NoticesTexts(Closed):
    received: NoticeTexts
    joined: NoticeTexts
    resolved: NoticeTexts
    reopened: NoticeTexts


class AnswerTexts(Closed):
    """Around an agent's answer, which is `text`."""

    mail: MailTexts
    sms: Source
    spoken: Source


class TemplateTexts(Closed):
    """One language's file."""

    notices: NoticesTexts
    answer: AnswerTexts


@dataclass(frozen=True, slots=True)
class _Placed:
    """A template's source, where it stands in the file, and what it may ask for."""

    place: str
    source: str
    allowed: frozenset[str]


class Templates:
    """Renders what participants are told, in their language."""

    def __init__(self, compiled: Mapping[Locale, Mapping[str, Template]]) -> None:
        self._compiled = compiled

    @classmethod
    def load(cls, programme: Path) -> "Templates":
        """Read and check the templates in the folder `programme`; raises `ProgrammeError`."""
        return cls({locale: _compile(programme / FOLDER / f"{locale}.yaml") for locale in Locale})

    def notice(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str:
        """For a chat or a status page."""
        return self._render(f"notices.{template}.text", locale, case_number)

    def notice_sms(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str:
        return self._render(f"notices.{template}.sms", locale, case_number)

    def notice_mail(
        self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber, link: str
    ) -> tuple[str, str]:
        """Subject and body."""
        return self._mail(f"notices.{template}", locale, case_number, link=link)

    def answer_mail(self, text: str, *, locale: Locale, case_number: CaseNumber, link: str) -> tuple[str, str]:
        """Subject and body of an agent's answer."""
        return self._mail("answer", locale, case_number, link=link, text=text)

    def answer_sms(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str:
        return self._render("answer.sms", locale, case_number, text=text)

    def answer_spoken(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str:
        """What is read out when a participant is called back, after the greeting of the phone menu."""
        return self._render("answer.spoken", locale, case_number, text=text)

    def _mail(self, place: str, locale: Locale, case_number: CaseNumber, **params: str) -> tuple[str, str]:
        subject = self._render(f"{place}.mail.subject", locale, case_number, **params)
        # A header is one line, whatever an agent wrote into it.
        return " ".join(subject.split()), self._render(f"{place}.mail.body", locale, case_number, **params)

    def _render(self, place: str, locale: Locale, case_number: CaseNumber, **params: str) -> str:
        return self._compiled[locale][place].render(
            case_number=case_numbers.display(case_number), spoken_number=spoken(case_number), **params
        )


def spoken(case_number: CaseNumber) -> str:
    """A case number as a voice should say it: digit by digit, with pauses (`4 8 2, 9 1 3, 0 5 7 4`)."""
    return ", ".join(" ".join(part) for part in case_numbers.display(case_number).split("-"))


def _compile(path: Path) -> dict[str, Template]:
    placed = list(_places(load_yaml(path, TemplateTexts)))
    if problems := [problem for one in placed if (problem := _problem(one))]:
        raise ProgrammeError(path, *problems)
    return {one.place: _environment().from_string(one.source) for one in placed}


def _places(texts: TemplateTexts) -> Iterator[_Placed]:
    for template in NoticeTemplate:
        notice: NoticeTexts = getattr(texts.notices, template)
        place = f"notices.{template}"
        yield _Placed(f"{place}.text", notice.text, _NUMBERS)
        yield _Placed(f"{place}.sms", notice.sms, _NUMBERS)
        yield from _mail_places(place, notice.mail, _NUMBERS | {"link"})
    yield from _mail_places("answer", texts.answer.mail, _NUMBERS | {"link", "text"})
    yield _Placed("answer.sms", texts.answer.sms, _NUMBERS | {"text"})
    yield _Placed("answer.spoken", texts.answer.spoken, _NUMBERS | {"text"})


def _mail_places(place: str, mail: MailTexts, allowed: frozenset[str]) -> Iterator[_Placed]:
    yield _Placed(f"{place}.mail.subject", mail.subject, allowed - {"text"})
    yield _Placed(f"{place}.mail.body", mail.body, allowed)


def _problem(placed: _Placed) -> str | None:
    environment = _environment()
    try:
        asked = meta.find_undeclared_variables(environment.parse(placed.source))
        if unknown := sorted(asked - placed.allowed):
            known = ", ".join(sorted(placed.allowed))
            return f"{placed.place}: unknown {', '.join(unknown)}; known are {known}"
        length = len(environment.from_string(placed.source).render(_SAMPLE))
    except (TemplateError, TypeError, ArithmeticError) as broken:
        return f"{placed.place}: {broken}"
    if placed.place.endswith(".sms") and length > SMS_MAX:
        return f"{placed.place}: {length} characters, an SMS holds {SMS_MAX}"
    return None


def _environment() -> ImmutableSandboxedEnvironment:
    # Plain text, not HTML: nothing is escaped here; pages escape when they show it.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
