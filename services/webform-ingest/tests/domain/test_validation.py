from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal.contracts.words import Assurance, IdentityKind, Locale
from web_factories import TOPICS, field, form, submission
from webform_ingest.domain.schema import json_schema
from webform_ingest.domain.validation import (
    FieldError,
    InvalidSubmission,
    InvalidText,
    Problem,
    clean,
    validate,
)


def errors(broken: dict[str, Any]) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidSubmission) as caught:
        validate(form(), broken, topics=TOPICS)
    return caught.value.errors


class TestValidate:
    def test_smallest(self) -> None:
        answered = validate(form(), submission(), topics=TOPICS)
        assert [(a.field, a.label, a.value) for a in answered.answers] == [
            ("topic", "Topic", "Insentif"),
            ("message", "Message", "Insentif saya belum masuk"),
        ]
        assert answered.topic == "money.payment"
        assert answered.identities == ()
        assert answered.locale is Locale.INDONESIAN

    def test_everything_in_english(self) -> None:
        full = submission(
            message=" one\r\ntwo ",
            happened_on="2026-11-20",
            name="Siti",
            number="12 34 56",
            email=" Siti@Example.COM ",
            phone="0812 3456 7890",
            may_call=True,
            locale="en",
        )
        answered = validate(form(), full, topics=TOPICS)
        assert {a.field: a.value for a in answered.answers} == {
            "topic": "Incentive",
            "message": "one\ntwo",
            "happened_on": "2026-11-20",
            "name": "Siti",
            "number": "12 34 56",
            "email": "siti@example.com",
            "phone": "+6281234567890",
            "may_call": "Yes",
        }
        assert answered.answers[0].label == "Topic (en)"
        assert answered.name == "Siti"
        assert {(i.kind, i.value, i.assurance) for i in answered.identities} == {
            (IdentityKind.PARTICIPANT_NUMBER, "123456", Assurance.CLAIMED),
            (IdentityKind.EMAIL, "siti@example.com", Assurance.CLAIMED),
            (IdentityKind.PHONE, "+6281234567890", Assurance.CLAIMED),
        }

    def test_blank_optional_answers(self) -> None:
        blank = submission(name="  ", email="", phone=None, may_call=False)
        assert [a.field for a in validate(form(), blank, topics=TOPICS).answers] == ["topic", "message"]

    def test_every_problem_at_once_in_the_order_of_the_form(self) -> None:
        assert errors({"phone": "abc", "name": 5, "stranger": "x"}) == (
            FieldError("topic", Problem.REQUIRED),
            FieldError("message", Problem.REQUIRED),
            FieldError("name", Problem.WRONG_TYPE),
            FieldError("phone", Problem.NOT_A_PHONE),
            FieldError("stranger", Problem.UNKNOWN_FIELD),
        )

    @pytest.mark.parametrize(
        ("key", "value", "problem"),
        [
            ("topic", "stranger", Problem.NOT_AN_OPTION),
            ("topic", ["money.payment"], Problem.WRONG_TYPE),
            ("message", "   ", Problem.REQUIRED),
            ("message", "a\0b", Problem.CONTROL_CHARACTERS),
            ("message", "a\x1b[31mb", Problem.CONTROL_CHARACTERS),
            ("message", "a\ud800b", Problem.CONTROL_CHARACTERS),
            ("message", {"text": "x"}, Problem.WRONG_TYPE),
            ("name", "two\nlines", Problem.CONTROL_CHARACTERS),
            ("email", "nobody", Problem.NOT_AN_EMAIL),
            ("email", "a@b.c\nBcc: x@y.z", Problem.CONTROL_CHARACTERS),
            ("phone", "0812", Problem.NOT_A_PHONE),
            ("phone", "0" * 25, Problem.NOT_A_PHONE),
            ("phone", 81234567890, Problem.WRONG_TYPE),
            ("happened_on", "2026-02-30", Problem.NOT_A_DATE),
            ("happened_on", "20261120", Problem.NOT_A_DATE),
            ("happened_on", "24/11/2026", Problem.NOT_A_DATE),
            ("may_call", "on", Problem.WRONG_TYPE),
            ("locale", "fr", Problem.NOT_AN_OPTION),
            ("locale", ["id"], Problem.NOT_AN_OPTION),
        ],
    )
    def test_one_problem(self, key: str, value: object, problem: Problem) -> None:
        assert errors(submission(**{key: value})) == (FieldError(key, problem),)

    def test_too_long_counts_characters_as_they_are_kept(self) -> None:
        composed = "e\u0301" * 50 + "\r\n"
        assert validate(form(), submission(message=composed), topics=TOPICS).answers[1].value == "é" * 50
        assert errors(submission(message="é" * 51)) == (FieldError("message", Problem.TOO_LONG, limit=50),)

    def test_required_checkbox(self) -> None:
        consent = form(field("agree", "checkbox", required=True))
        with pytest.raises(InvalidSubmission):
            validate(consent, {"agree": False}, topics=TOPICS)
        assert validate(consent, {"agree": True}, topics=TOPICS).answers[0].value == "Ya"

    @given(
        st.fixed_dictionaries(
            {"topic": st.sampled_from([*TOPICS, "stranger"]), "message": st.text(max_size=60)},
            optional={
                "name": st.text(min_size=1, max_size=25),
                "happened_on": st.dates().map(str) | st.text(min_size=1, max_size=10),
                "email": st.emails() | st.just("nobody"),
                "phone": st.from_regex(r"\+62 ?8[0-9]{8,11}", fullmatch=True) | st.just("abc"),
                "may_call": st.booleans() | st.just("on"),
                "locale": st.sampled_from(["id", "en", "fr"]),
            },
        )
    )
    def test_accepts_nothing_that_the_published_schema_refuses(self, generated: dict[str, Any]) -> None:
        try:
            answered = validate(form(), generated, topics=TOPICS)
        except InvalidSubmission:
            return
        kept: dict[str, Any] = {a.field: a.value for a in answered.answers} | {"topic": answered.topic}
        if "may_call" in kept:
            kept["may_call"] = True
        schema = json_schema(form(), topics=TOPICS, locale=Locale.ENGLISH)
        jsonschema.validate(kept, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


class TestClean:
    def test_too_long(self) -> None:
        with pytest.raises(InvalidText) as caught:
            clean("abc", max_length=2, lines=True)
        assert caught.value.limit == 2

    def test_keeps_the_lines(self) -> None:
        assert clean(" a\r\n\tb \n", max_length=10, lines=True) == "a\n\tb"


class TestJsonSchema:
    def test_is_one(self) -> None:
        schema = json_schema(form(), topics=TOPICS, locale=Locale.INDONESIAN)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["required"] == ["topic", "message"]
        assert schema["properties"]["topic"]["oneOf"][0] == {"const": "money.payment", "title": "Insentif"}
        assert schema["additionalProperties"] is False

    def test_refuses_a_blank_required_text(self) -> None:
        schema = json_schema(form(), topics=TOPICS, locale=Locale.INDONESIAN)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(submission(message="  "), schema)
