"""A flow that leads nowhere is refused, with the place of the mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kawal.programme import ProgrammeError
from voice_factories import PROGRAMME, flow
from voice_ingest.adapters import flow_files


def changed(tmp_path: Path, **steps: Any) -> Path:
    """A programme whose hotline has these steps changed; `None` takes one away."""
    tree = yaml.safe_load((PROGRAMME / "ivr" / "hotline.yaml").read_text())
    for name, step in steps.items():
        if step is None:
            del tree["steps"][name]
        else:
            tree["steps"][name] = tree["steps"].get(name, {}) | step
    (tmp_path / "ivr").mkdir()
    (tmp_path / "ivr" / "hotline.yaml").write_text(yaml.safe_dump(tree))
    (tmp_path / "topics.yaml").write_text((PROGRAMME / "topics.yaml").read_text())
    return tmp_path


def refusal(programme: Path) -> str:
    with pytest.raises(ProgrammeError) as refused:
        flow_files.check(programme)
    return str(refused.value)


class TestHotline:
    def test_real_one_is_fine(self) -> None:
        flow_files.check(PROGRAMME)

    def test_topics_are_those_of_the_programme(self) -> None:
        assert flow().topics()["registration.otp_not_received"] == "registration"


class TestFlow:
    def test_step_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        assert "receipt -> farewell" in refusal(changed(tmp_path, receipt={"next": "farewell"}))

    def test_step_that_nobody_reaches(self, tmp_path: Path) -> None:
        lonely = {"kind": "end", "say": {"id": "Sampai jumpa.", "en": "Goodbye."}}
        assert "never reached: lonely" in refusal(changed(tmp_path, lonely=lonely))

    def test_circle_without_an_end(self, tmp_path: Path) -> None:
        circle = changed(tmp_path, proof={"next": "proof"})
        assert "never" in refusal(circle)

    def test_unknown_topic(self, tmp_path: Path) -> None:
        option = {
            "say": {"id": "Tekan 9.", "en": "Press 9."},
            "choice": "weather",
            "topic": "weather.rain",
            "next": "proof",
        }
        tree = yaml.safe_load((PROGRAMME / "ivr" / "hotline.yaml").read_text())
        options = tree["steps"]["subject"]["options"] | {"9": option}
        assert "steps.subject: 'weather.rain'" in refusal(changed(tmp_path, subject={"options": options}))

    def test_prompt_without_one_language(self, tmp_path: Path) -> None:
        assert "steps.goodbye.end.say.en" in refusal(changed(tmp_path, goodbye={"say": {"id": "Sampai jumpa."}}))

    def test_text_that_lacks_the_code(self, tmp_path: Path) -> None:
        text = {"id": "Kode Anda.", "en": "Your code."}
        assert "must hold {code}" in refusal(changed(tmp_path, proof={"text": text}))

    def test_key_that_no_phone_has(self, tmp_path: Path) -> None:
        assert "steps.proof" in refusal(changed(tmp_path, proof={"accept_key": "A"}))

    def test_misspelt_field(self, tmp_path: Path) -> None:
        assert "steps.message.message.max_seconds" in refusal(changed(tmp_path, message={"max_seconds": 5}))

    def test_file_that_is_missing(self, tmp_path: Path) -> None:
        (tmp_path / "topics.yaml").write_text((PROGRAMME / "topics.yaml").read_text())
        with pytest.raises(ProgrammeError, match="cannot be read"):
            flow_files.load(tmp_path, "hotline")
