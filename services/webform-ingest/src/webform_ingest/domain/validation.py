"""Reading a submission: what was answered, or what is wrong with each field."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from kawal.contracts.interactions import FormAnswer
from kawal.contracts.words import Assurance, Identity, IdentityKind, Locale
from kawal.errors import KawalError
from kawal.identities import InvalidEmailAddress, InvalidPhoneNumber, normalise_email, normalise_phone
from webform_ingest.domain.definitions import LOCALE, Form, FormField, TopicChoices
from webform_ingest.domain.schema import EMAIL_MAX_LENGTH, LINES, ONE_LINE, PHONE

_ONE_LINE, _LINES, _PHONE = re.compile(ONE_LINE), re.compile(LINES), re.compile(PHONE)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TICKED = {Locale.INDONESIAN: "Ya", Locale.ENGLISH: "Yes"}


class Problem(StrEnum):
    """What can be wrong with one field; stable, part of the API."""

    REQUIRED = "required"
    TOO_LONG = "too_long"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_FIELD = "unknown_field"
    NOT_AN_OPTION = "not_an_option"
    NOT_AN_EMAIL = "not_an_email"
    NOT_A_PHONE = "not_a_phone"
    NOT_A_DATE = "not_a_date"
    CONTROL_CHARACTERS = "control_characters"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field's problem; `limit` is the greatest length where the problem is `TOO_LONG`."""

    field: str
    problem: Problem
    limit: int | None = None


class InvalidSubmission(KawalError):
    """The submission cannot be accepted; `errors` stand in the order of the form."""

    status, code, title = 422, "invalid_submission", "Some answers cannot be accepted"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("See the errors of each field")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Answered:
    """A valid submission: the answers in the order of the form, and what they say about the person."""

    answers: tuple[FormAnswer, ...]
    identities: tuple[Identity, ...]
    topic: str | None
    name: str | None
    locale: Locale


class _Rejected(Exception):
    def __init__(self, problem: Problem, *, limit: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.limit = problem, limit


@dataclass(slots=True)
class _Reading:
    """What has been gathered of a submission so far."""

    answers: list[FormAnswer] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    topic: str | None = None
    name: str | None = None


def validate(form: Form, submission: Mapping[str, object], *, topics: TopicChoices) -> Answered:
    """Read `submission` (field key to a JSON value, and `locale`).

    An optional field that is absent or blank is not answered. A select's answer and a ticked checkbox are kept
    in the words the participant saw; a phone number and an address in normal form.

    Raises:
        InvalidSubmission: with every problem of every field.
    """
    reading = _Reading()
    locale = _read_locale(submission, reading)
    for definition in form.fields:
        try:
            _read_field(definition, submission.get(definition.key), reading, topics=topics, locale=locale)
        except _Rejected as rejected:
            reading.errors.append(FieldError(definition.key, rejected.problem, rejected.limit))
    known = {definition.key for definition in form.fields} | {LOCALE}
    reading.errors += [FieldError(key[:64], Problem.UNKNOWN_FIELD) for key in submission if key not in known]
    if reading.errors:
        raise InvalidSubmission(tuple(reading.errors))
    return Answered(
        answers=tuple(reading.answers),
        identities=tuple(reading.identities),
        topic=reading.topic,
        name=reading.name,
        locale=locale,
    )


def clean(text: str, *, max_length: int, lines: bool) -> str:
    """`text` in Unicode's normal form C, with plain newlines and no blanks around it.

    Raises:
        InvalidText: it has control characters, or is too long.
    """
    try:
        return _clean(text, max_length=max_length, lines=lines)
    except _Rejected as rejected:
        raise InvalidText(rejected.problem, rejected.limit) from rejected


class InvalidText(KawalError):
    """A free text that cannot be accepted."""

    status, code, title = 422, "invalid_text", "This text cannot be accepted"

    def __init__(self, problem: Problem, limit: int | None = None) -> None:
        super().__init__(f"At most {limit} characters" if limit else problem.value.replace("_", " "))
        self.problem, self.limit = problem, limit


def _read_locale(submission: Mapping[str, object], reading: _Reading) -> Locale:
    raw = submission.get(LOCALE, Locale.INDONESIAN)
    try:
        return Locale(raw)  # type: ignore[arg-type]  # the very question is whether it is one
    except ValueError:
        reading.errors.append(FieldError(LOCALE, Problem.NOT_AN_OPTION))
        return Locale.INDONESIAN


def _read_field(definition: FormField, raw: object, reading: _Reading, *, topics: TopicChoices, locale: Locale) -> None:
    value = _read_value(definition, raw, topics=topics)
    if value is None:
        if definition.required:
            raise _Rejected(Problem.REQUIRED)
        return
    _note_meaning(definition, value, reading)
    shown = _as_shown(definition, value, topics=topics, locale=locale)
    reading.answers.append(FormAnswer(field=definition.key, label=definition.label.into(locale), value=shown))


def _read_value(definition: FormField, raw: object, *, topics: TopicChoices) -> str | None:
    """The normal form of one answer, or `None` when there is none."""
    if definition.type == "checkbox":
        return _read_checkbox(raw)
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise _Rejected(Problem.WRONG_TYPE)
    limit = definition.max_length if definition.type in {"text", "textarea"} else EMAIL_MAX_LENGTH
    text = _clean(raw, max_length=limit, lines=definition.type == "textarea")
    return _read_text(definition, text, topics=topics) if text else None


def _read_checkbox(raw: object) -> str | None:
    if raw is None or isinstance(raw, bool):
        return "true" if raw else None
    raise _Rejected(Problem.WRONG_TYPE)


def _clean(text: str, *, max_length: int, lines: bool) -> str:
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not (_LINES if lines else _ONE_LINE).match(normal) or not _encodable(normal):
        raise _Rejected(Problem.CONTROL_CHARACTERS)
    if len(normal) > max_length:
        raise _Rejected(Problem.TOO_LONG, limit=max_length)
    return normal


def _encodable(text: str) -> bool:
    """Whether there is no lone surrogate: JSON can say one, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_text(definition: FormField, text: str, *, topics: TopicChoices) -> str:
    match definition.type:
        case "select" if text not in topics:
            raise _Rejected(Problem.NOT_AN_OPTION)
        case "email":
            return read_email(text)
        case "phone":
            return _read_phone(text)
        case "date":
            return _read_date(text)
    return text


def read_email(text: str) -> str:
    """The normal form of a typed address; what is no address is an `InvalidSubmission`'s `NOT_AN_EMAIL`."""
    try:
        return normalise_email(text)
    except InvalidEmailAddress as unreadable:
        raise _Rejected(Problem.NOT_AN_EMAIL) from unreadable


def _read_phone(text: str) -> str:
    if not _PHONE.match(text):
        raise _Rejected(Problem.NOT_A_PHONE)
    try:
        return normalise_phone(text)
    except InvalidPhoneNumber as unreadable:
        raise _Rejected(Problem.NOT_A_PHONE) from unreadable


def _read_date(text: str) -> str:
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError as impossible:
        raise _Rejected(Problem.NOT_A_DATE) from impossible
    raise _Rejected(Problem.NOT_A_DATE)


def _as_shown(definition: FormField, value: str, *, topics: TopicChoices, locale: Locale) -> str:
    match definition.type:
        case "select":
            return topics.label(value, locale=locale)
        case "checkbox":
            return _TICKED[locale]
    return value


def _note_meaning(definition: FormField, value: str, reading: _Reading) -> None:
    match definition.type:
        case "select":
            reading.topic = value
        case "email":
            reading.identities.append(_claimed(IdentityKind.EMAIL, value))
        case "phone":
            reading.identities.append(_claimed(IdentityKind.PHONE, value))
        case "text" if definition.means == "name":
            reading.name = value
        case "text" if definition.means == "participant_number":
            number = "".join(value.split())
            reading.identities.append(_claimed(IdentityKind.PARTICIPANT_NUMBER, number))


def _claimed(kind: IdentityKind, value: str) -> Identity:
    return Identity(kind=kind, value=value, assurance=Assurance.CLAIMED)
