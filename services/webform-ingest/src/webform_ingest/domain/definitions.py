"""A form as a programme's owner writes it in `programme/forms/<form>.yaml`."""

from collections.abc import Iterator
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kawal.contracts.words import Locale

LOCALE = "locale"
"""The one property of a submission that is no field of the form."""

RESERVED = frozenset({LOCALE, "action", "idempotency_key"})
"""What the page of a form sends besides its fields."""

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(_Closed):
    """The same words in each language of the programme."""

    id: Words
    en: Words

    def into(self, locale: Locale) -> str:
        return self.id if locale is Locale.INDONESIAN else self.en


class Label(Bilingual):
    """What stands at a field; it travels with the answer, so it is bounded (`FormAnswer.label`)."""

    id: Annotated[Words, StringConstraints(max_length=200)]
    en: Annotated[Words, StringConstraints(max_length=200)]


class Hint(_Closed):
    """A sentence of help below the label; with `when`, only while that field has that value."""

    text: Bilingual
    when: Annotated[dict[Key, str], Field(min_length=1, max_length=1)] | None = None


class _Field(_Closed):
    key: Key
    label: Label
    hints: tuple[Hint, ...] = ()
    required: bool = False


class TextField(_Field):
    """One line. `means` says what the answer tells about the participant, if anything."""

    type: Literal["text"]
    max_length: Annotated[int, Field(ge=1, le=1_000)]
    means: Literal["name", "participant_number"] | None = None

    @model_validator(mode="after")
    def _fits_the_contract(self) -> "TextField":
        if self.means == "name" and self.max_length > 200:
            raise ValueError("a name may have at most 200 characters")
        if self.means == "participant_number" and self.max_length > 254:
            raise ValueError("a participant number may have at most 254 characters")
        return self


class TextareaField(_Field):
    type: Literal["textarea"]
    max_length: Annotated[int, Field(ge=1, le=10_000)]


class SelectField(_Field):
    """One of the topics of complaint (`programme/topics.yaml`); the choice is the submission's topic."""

    type: Literal["select"]
    options: Literal["topics"]


class EmailField(_Field):
    type: Literal["email"]


class PhoneField(_Field):
    type: Literal["phone"]


class DateField(_Field):
    type: Literal["date"]


class CheckboxField(_Field):
    """Ticked or not; when required, it has to be ticked."""

    type: Literal["checkbox"]


FormField = Annotated[
    TextField | TextareaField | SelectField | EmailField | PhoneField | DateField | CheckboxField,
    Field(discriminator="type"),
]


class TopicChoices(Protocol):
    """The topics of complaint in the order they are offered; `kawal.programme.Topics` is the real thing."""

    def __contains__(self, key: object) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...

    def label(self, key: str, *, locale: Locale) -> str: ...


class Form(_Closed):
    """A form. `form` is its name in URLs and events, the same as its file's."""

    form: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    title: Bilingual
    introduction: Bilingual
    submit: Bilingual
    fields: Annotated[tuple[FormField, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _is_coherent(self) -> "Form":
        keys = [field.key for field in self.fields]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"more than one field has the key {', '.join(doubled)}")
        if reserved := sorted(RESERVED.intersection(keys)):
            raise ValueError(f"no field may have the key {', '.join(reserved)}: the form's page needs it")
        for single in ("select", "email", "phone"):
            if sum(field.type == single for field in self.fields) > 1:
                raise ValueError(f"a form has at most one field of type {single}")
        if strangers := sorted({key for _, key, _ in self.conditions() if key not in keys}):
            raise ValueError(f"a hint depends on {', '.join(strangers)}, which is no field of this form")
        return self

    def conditions(self) -> Iterator[tuple[FormField, str, str]]:
        """Every conditional hint, as (its field, the field it depends on, the value)."""
        for field in self.fields:
            for hint in field.hints:
                for key, value in (hint.when or {}).items():
                    yield field, key, value

    def field(self, key: str) -> FormField | None:
        return next((field for field in self.fields if field.key == key), None)
