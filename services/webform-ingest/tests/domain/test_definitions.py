from typing import Any

import pytest
from pydantic import ValidationError

from webform_ingest.domain.definitions import Form

TITLE = {"id": "Laporan", "en": "Report"}


def definition(*fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    form = {"form": "complaint", "title": TITLE, "introduction": TITLE, "submit": TITLE, "fields": list(fields)}
    return form | changes


def text(key: str = "name", **changes: Any) -> dict[str, Any]:
    return {"key": key, "type": "text", "label": TITLE, "max_length": 100} | changes


class TestForm:
    def test_smallest(self) -> None:
        form = Form.model_validate(definition(text()))
        assert form.field("name") is form.fields[0]
        assert form.field("stranger") is None

    def test_hint_that_depends_on_an_answer(self) -> None:
        hint = {"text": TITLE, "when": {"name": "Budi"}}
        form = Form.model_validate(definition(text(), text("other", hints=[hint])))
        assert [(field.key, key, value) for field, key, value in form.conditions()] == [("other", "name", "Budi")]

    @pytest.mark.parametrize(
        ("broken", "reason"),
        [
            (definition(text(), text()), "more than one field has the key name"),
            (definition(text("locale"), text("action")), "no field may have the key action, locale"),
            (definition(text("Name")), "pattern"),
            (definition(text(type="colour")), "colour"),
            (definition(text(max_lenght=1)), "max_lenght"),
            (definition(text(label={"id": "Nama"})), "Field required"),
            (definition(text(label={"id": "Nama", "en": " "})), "at least 1 character"),
            (definition(text(hints=[{"text": TITLE, "when": {"stranger": "x"}}])), "stranger"),
            (definition(text(means="name", max_length=201)), "at most 200"),
            (definition(text(means="participant_number", max_length=300)), "at most 254"),
            (definition(), "at least 1 item"),
            (definition(text(), form="Complaint Form"), "pattern"),
            (
                definition(
                    {"key": "a", "type": "email", "label": TITLE}, {"key": "b", "type": "email", "label": TITLE}
                ),
                "at most one field of type email",
            ),
        ],
    )
    def test_broken(self, broken: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            Form.model_validate(broken)
