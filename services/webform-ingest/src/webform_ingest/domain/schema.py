"""The JSON Schema (2020-12) of what may be sent to a form, in the words of one language."""

from typing import Any

from kawal.contracts.words import Locale
from webform_ingest.domain.definitions import LOCALE, Form, FormField, TopicChoices

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f]*$"
LINES = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
PHONE = r"^\s*\+?[0-9][0-9 ().\-]{4,30}\s*$"
EMAIL_MAX_LENGTH = 254


def json_schema(form: Form, *, topics: TopicChoices, locale: Locale) -> dict[str, Any]:
    """The schema of a submission to `form`; what it accepts is what `validate` accepts."""
    properties = {field.key: _property(field, topics=topics, locale=locale) for field in form.fields}
    return {
        "$schema": DIALECT,
        "title": form.title.into(locale),
        "description": form.introduction.into(locale),
        "type": "object",
        "properties": properties | {LOCALE: _locale_property()},
        "required": [field.key for field in form.fields if field.required],
        "additionalProperties": False,
    }


def _locale_property() -> dict[str, Any]:
    return {"enum": [locale.value for locale in Locale], "default": Locale.INDONESIAN.value}


def _property(field: FormField, *, topics: TopicChoices, locale: Locale) -> dict[str, Any]:
    rules = {"title": field.label.into(locale)} | _rules(field, topics=topics, locale=locale)
    if field.required and field.type in {"text", "textarea"}:
        rules["allOf"] = [{"pattern": r"\S"}]
    if always := [hint.text.into(locale) for hint in field.hints if hint.when is None]:
        rules["description"] = " ".join(always)
    return rules


def _rules(field: FormField, *, topics: TopicChoices, locale: Locale) -> dict[str, Any]:
    match field.type:
        case "text" | "textarea":
            pattern = ONE_LINE if field.type == "text" else LINES
            return {"type": "string", "maxLength": field.max_length, "pattern": pattern}
        case "select":
            return {"oneOf": [{"const": key, "title": topics.label(key, locale=locale)} for key in topics]}
        case "checkbox":
            return {"const": True} if field.required else {"type": "boolean"}
        case "phone":
            return {"type": "string", "pattern": PHONE}
    return {"type": "string", "format": field.type, "maxLength": EMAIL_MAX_LENGTH}
