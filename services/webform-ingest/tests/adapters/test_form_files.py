from pathlib import Path

import pytest
import yaml

from kawal.contracts.words import Locale
from kawal.programme import ProgrammeError, Topics
from web_driver import PROGRAMME
from web_factories import TOPICS, field, form
from webform_ingest.adapters.form_files import check, load


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / "forms" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return folder


class TestLoad:
    def test_by_name(self, tmp_path: Path) -> None:
        content = form().model_dump(mode="json")
        assert load(written(tmp_path, "complaint", content), topics=TOPICS) == {"complaint": form()}

    def test_no_forms(self, tmp_path: Path) -> None:
        assert load(tmp_path, topics=TOPICS) == {}

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("form: [", "line 1"),
            ("[]", "complaint.yaml"),
            (form().model_dump(mode="json") | {"colour": "red"}, "colour: Extra inputs are not permitted"),
            (form().model_dump(mode="json") | {"form": "other"}, "form: is 'other'"),
        ],
    )
    def test_names_the_file_and_the_place(self, tmp_path: Path, content: object, reason: str) -> None:
        with pytest.raises(ProgrammeError, match=reason) as caught:
            load(written(tmp_path, "complaint", content), topics=TOPICS)
        assert "forms/complaint.yaml" in str(caught.value)

    def test_hint_for_a_topic_that_is_not_there(self, tmp_path: Path) -> None:
        hint = {"text": {"id": "a", "en": "b"}, "when": {"topic": "money.stranger"}}
        fields = [field("topic", "select", options="topics"), field("name", "text", max_length=9, hints=[hint])]
        content = form(*fields).model_dump(mode="json")
        with pytest.raises(ProgrammeError, match=r"'money\.stranger' is no topic"):
            load(written(tmp_path, "complaint", content), topics=TOPICS)


class TestCheck:
    def test_the_programme_as_it_ships(self) -> None:
        check(PROGRAMME)
        complaint = load(PROGRAMME, topics=Topics.load(PROGRAMME))["complaint"]
        assert complaint.title.into(Locale.INDONESIAN) == "Kirim laporan"
