from pathlib import Path
from typing import Any

import pytest

from kawal.contracts import schemas
from kawal.contracts.commands import released, stale_files
from kawal.contracts.compatibility import breaking_changes

FOLDER = Path(__file__).parents[3] / "docs" / "contracts"


def message(**properties: Any) -> dict[str, Any]:
    known = {
        "text": {"type": "string", "maxLength": 100},
        "seq": {"type": "integer", "minimum": 1},
        "state": {"$ref": "#/$defs/State"},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    return {
        "type": "object",
        "required": ["text", "state"],
        "properties": {name: schema for name, schema in (known | properties).items() if schema is not None},
        "$defs": {"State": {"type": "string", "enum": ["open", "closed"]}},
    }


def changes(new: dict[str, Any]) -> list[str]:
    return breaking_changes({"m": message()}, {"m": new})


class TestTheRealContracts:
    def test_up_to_date(self):
        assert stale_files(FOLDER) == []

    def test_nothing_released_is_broken(self):
        assert released(FOLDER)
        assert breaking_changes(released(FOLDER), schemas.schemas()) == []


class TestBreakingChanges:
    def test_none(self):
        assert changes(message()) == []

    def test_message_gone(self):
        assert breaking_changes({"m": message()}, {}) == ["m: the message is gone"]

    @pytest.mark.parametrize(
        "new",
        [
            message(extra={"type": "string"}),
            message(text={"type": "string", "maxLength": 200}),
            message(text={"type": "string"}),
            message(seq={"type": "number", "minimum": 0}),
            message(state={"type": "string", "enum": ["open", "closed", "pending"]}),
            message(name={"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
        ],
    )
    def test_wider(self, new):
        assert changes(new) == []

    @pytest.mark.parametrize(
        ("new", "said"),
        [
            (message(name=None), "the message.name is gone"),
            (message(text={"type": "integer"}), "the message.text was string and is integer"),
            (message(text={"type": "string", "maxLength": 50}), "the message.text: maxLength went from 100 to 50"),
            (message(seq={"type": "integer", "minimum": 2}), "the message.seq: minimum went from 1 to 2"),
            (message(state={"type": "string", "enum": ["open"]}), "the message.state no longer takes closed"),
            (message(state={"type": "string", "const": "open"}), "the message.state no longer takes closed"),
            (message(name={"type": "string"}), "name no longer takes all it took"),
            (
                message(tags={"type": "array", "items": {"type": "integer"}}),
                "tags[] was string and is integer",
            ),
            (
                message(tags={"type": "array", "items": {"type": "string"}, "maxItems": 3}),
                "maxItems went from none to 3",
            ),
            (
                message(text={"type": "string", "maxLength": 100, "pattern": "^a"}),
                "text: pattern has changed",
            ),
            (message() | {"required": ["text", "state", "seq"]}, "the message.seq is now required"),
            (message() | {"required": ["state"]}, "the message.text is no longer always there"),
        ],
    )
    def test_narrower(self, new, said):
        (problem,) = changes(new)
        assert said in problem

    def test_type_taken_away_altogether_is_wider(self):
        assert changes(message(text={})) == []
