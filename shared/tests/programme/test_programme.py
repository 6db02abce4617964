"""The programme that comes with Kawal, and what its owner can get wrong."""

import shutil
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kawal.contracts.case_events import NoticeTemplate
from kawal.contracts.words import Locale
from kawal.programme import Fields, ProgrammeError, Reasons, Templates, Topics, commands
from kawal.programme.templates import spoken

SHIPPED = Path(__file__).parents[3] / "programme"
NUMBER = "4829130574"
SHOWN = "482-913-0574"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "programme"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


class TestTopics:
    def test_labels(self):
        topics = Topics.load(SHIPPED)
        assert "registration.otp_not_received" in topics
        assert topics.label("incentive.not_paid", locale=Locale.INDONESIAN) == "Insentif belum cair"
        assert topics.label("incentive.not_paid", locale=Locale.ENGLISH) == "The incentive has not been paid"

    def test_keys_fit_the_contract(self):
        assert all(len(key) <= 64 for key in Topics.load(SHIPPED))

    def test_topic_of_the_past(self):
        topics = Topics.load(SHIPPED)
        assert "training.gone" not in topics
        assert topics.label("training.gone", locale=Locale.ENGLISH) == "training.gone"

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("en: Registration", "eng: Registration", "groups.0.label.en: Field required"),
            ("key: otp_not_received", "key: OTP not received", "groups.0.topics.0.key: String should match"),
            ("key: email_not_verified", "key: otp_not_received", "there twice: registration.otp_not_received"),
            ("key: verification", "key: registration", "there twice: registration"),
            ("id: Pendaftaran akun", "id: Pendaftaran akun, id: Daftar", "'id' is there twice"),
            ("groups:", "groups: [", "line "),
        ],
    )
    def test_mistake_is_named(self, programme, old, new, said):
        change(programme / "topics.yaml", old, new)
        with pytest.raises(ProgrammeError) as raised:
            Topics.load(programme)
        assert str(programme / "topics.yaml") in str(raised.value)
        assert said in str(raised.value)

    def test_missing_file(self, tmp_path):
        with pytest.raises(ProgrammeError, match=r"topics.yaml: cannot be read"):
            Topics.load(tmp_path)


class TestTemplates:
    @pytest.mark.parametrize("locale", list(Locale))
    @pytest.mark.parametrize("template", list(NoticeTemplate))
    def test_every_notice_in_every_form(self, template, locale):
        templates = Templates.load(SHIPPED)
        about = {"locale": locale, "case_number": NUMBER}
        assert SHOWN in templates.notice(template, **about)
        assert SHOWN in templates.notice_sms(template, **about)
        subject, body = templates.notice_mail(template, link="https://host.example/status/x", **about)
        assert SHOWN in subject
        assert "https://host.example/status/x" in body

    def test_answer(self):
        templates = Templates.load(SHIPPED)
        about = {"locale": Locale.INDONESIAN, "case_number": NUMBER}
        text = "Sudah cair, Bu.\n{{ 7 * 7 }} <b>"
        subject, body = templates.answer_mail(text, link="https://host.example/", **about)
        assert "\n" not in subject
        assert text in body
        assert text in templates.answer_sms(text, **about)
        assert text in templates.answer_spoken(text, **about)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("{{ case_number }}", "{{ case }}", "notices.received.text: unknown case; known are case_number"),
            ("{{ case_number }}", "{{ link }}", "notices.received.text: unknown link"),
            ("{{ case_number }}", "{{ case_number", "notices.received.text: "),
            ("{{ case_number }}", "{{ case_number.__class__.__mro__ }}", "notices.received.text: "),
            ("Kawal: pesan", "Kawal: " + "pesan " * 30, "notices.received.sms: "),
            ("reopened:", "reopend:", "notices.reopened: Field required"),
        ],
    )
    def test_mistake_is_named(self, programme, old, new, said):
        path = programme / "templates" / "id.yaml"
        path.write_text(without_comments(path.read_text("utf-8")), "utf-8")
        change(path, old, new)
        with pytest.raises(ProgrammeError) as raised:
            Templates.load(programme)
        assert said in str(raised.value)


class TestSpoken:
    def test_digit_by_digit(self):
        assert spoken(NUMBER) == "4 8 2, 9 1 3, 0 5 7 4"


class TestCheckCommand:
    @pytest.fixture
    def run(self, monkeypatch):
        points = EntryPoints(
            EntryPoint(name, f"kawal.programme:{name.title()}.load", commands.GROUP) for name in ("topics", "templates")
        )
        monkeypatch.setattr(commands, "entry_points", points.select)
        app = typer.Typer()
        app.command()(commands.check)
        return lambda folder: CliRunner().invoke(app, ["--programme", str(folder)])

    def test_all_right(self, run):
        result = run(SHIPPED)
        assert (result.exit_code, result.stdout) == (0, "templates: fine\ntopics: fine\n")

    def test_says_all_that_is_wrong(self, run, programme):
        change(programme / "topics.yaml", "en: Registration", "eng: Registration")
        (programme / "templates" / "en.yaml").unlink()
        result = run(programme)
        assert result.exit_code == 1
        assert "groups.0.label.en: Field required" in result.stderr
        assert "en.yaml: cannot be read" in result.stderr


class TestReasons:
    def test_labels(self):
        reasons = Reasons.load(SHIPPED)
        assert reasons.label("technical_fix", locale=Locale.ENGLISH) == "Waiting for a technical fix"
        assert reasons.label("fixed", locale=Locale.INDONESIAN) == "Masalah sudah diperbaiki"
        assert reasons.label("long_gone", locale=Locale.ENGLISH) == "long_gone"

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("key: fixed", "key: technical_fix", "there twice: technical_fix"),
            ("key: fixed", "key: Fixed it", "resolution.0.key: String should match"),
            ("en: It was explained", "eng: It was explained", "resolution.1.label.en: Field required"),
            ("resolution:", "resolutions:", "resolution: Field required"),
        ],
    )
    def test_mistakes(self, programme: Path, old: str, new: str, said: str):
        change(programme / "reasons.yaml", old, new)
        with pytest.raises(ProgrammeError) as wrong:
            Reasons.load(programme)
        assert "reasons.yaml" in str(wrong.value)
        assert said in str(wrong.value)


class TestFields:
    def test_labels(self):
        fields = Fields.load(SHIPPED)
        assert fields.label("batch", locale=Locale.INDONESIAN) == "Gelombang"
        assert fields.label("long_gone", locale=Locale.ENGLISH) == "long_gone"
        assert fields.choice_label("paid_through", "gopay", locale=Locale.ENGLISH) == "GoPay"
        assert fields.choice_label("batch", 12, locale=Locale.ENGLISH) == "12"

    def test_each_kind_is_there(self):
        assert {field.kind for field in Fields.load(SHIPPED).fields} == {"text", "number", "date", "choice", "yes_no"}

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("kind: date", "kind: day", "fields.2.kind: Input should be"),
            ("kind: choice", "kind: text", "fields.3: Value error, a choice has `choices`, and nothing else has"),
            ("kind: yes_no", "kind: choice", "fields.4: Value error, a choice has `choices`, and nothing else has"),
            ("key: transaction_id", "key: batch", "there twice: batch"),
            ("key: ovo", "key: bni", "choices there twice: bni"),
            ("topics: [selection,", "topics: [selektion,", "fields.batch: 'selektion' is no topic or group"),
            ("training.cannot_buy", "training.cannot_by", "'training.cannot_by' is no topic or group"),
        ],
    )
    def test_mistakes(self, programme: Path, old: str, new: str, said: str):
        change(programme / "fields.yaml", old, new)
        with pytest.raises(ProgrammeError) as wrong:
            Fields.load(programme)
        assert "fields.yaml" in str(wrong.value)
        assert said in str(wrong.value)
