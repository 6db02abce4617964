import asyncpg
import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError

from kawal.errors import TransientError
from kawal.observability.redaction import REDACTED, describe, frames, redact

SECRET = "siti@example.com"


class Person(BaseModel):
    age: int


def raised(act):
    try:
        act()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


class TestDescribe:
    @pytest.mark.parametrize(
        "act",
        [
            lambda: int(SECRET),
            lambda: {}[SECRET],
            lambda: Person(age=SECRET),  # type: ignore[arg-type]
            lambda: Person.model_validate_json(SECRET),
        ],
    )
    def test_quoted_input_is_left_out(self, act):
        error = raised(act)
        assert SECRET in str(error)
        assert describe(error) == type(error).__name__

    def test_own_errors_speak(self):
        assert describe(TransientError("the broker is away")) == "TransientError: the broker is away"

    def test_database_error_is_its_state(self):
        driver = asyncpg.UniqueViolationError(f"Key (email)=({SECRET}) already exists.")
        wrapped = DBAPIError("INSERT", {"email": SECRET}, driver)
        assert describe(wrapped) == "DBAPIError: sqlstate 23505"
        assert describe(driver) == "UniqueViolationError: sqlstate 23505"

    def test_cause_follows(self):
        def act() -> None:
            try:
                int(SECRET)
            except ValueError as cause:
                raise RuntimeError("cannot read") from cause

        assert describe(raised(act)) == "RuntimeError: cannot read <- ValueError"

    def test_wrapper_that_repeats_its_cause(self):
        def act() -> None:
            raise ConnectionRefusedError("nobody listens") from ConnectionRefusedError("nobody listens")

        assert describe(raised(act)) == "ConnectionRefusedError: nobody listens"

    def test_validation_error_of_a_mistake(self):
        assert isinstance(raised(lambda: Person(age=SECRET)), ValidationError)  # type: ignore[arg-type]


class TestFrames:
    def test_innermost_last(self):
        error = raised(lambda: int(SECRET))
        assert frames(error.__traceback__)[-1].endswith("<lambda>")
        assert SECRET not in str(frames(error.__traceback__))

    def test_none(self):
        assert frames(None) == []


class TestRedact:
    def test_telling_keys(self):
        event = {"event": "x", "phone": "0812", "text": "hello", "case_id": "c"}
        redact(event)
        assert event == {"event": "x", "phone": REDACTED, "text": REDACTED, "case_id": "c"}
