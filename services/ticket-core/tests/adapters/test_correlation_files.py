"""The correlation that comes with Kawal, and what its owner can get wrong."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kawal.programme import ProgrammeError
from ticket_core.adapters.correlation_files import check, load_matching

SHIPPED = Path(__file__).parents[4] / "programme"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "programme"))


class TestLoadMatching:
    def test_what_is_shipped(self) -> None:
        matching = load_matching(SHIPPED)
        assert matching.repeat_within == timedelta(hours=24)
        assert 0 < matching.different < matching.same < 1

    @pytest.mark.parametrize(
        ("said", "topic"),
        [
            ("min insentif sy blm cair", "incentive.not_paid"),
            ("my incentive has not been paid", "incentive.not_paid"),
            ("otp gak nyampe2", "registration.otp_not_received"),
            ("sertifkat blm kluar", "training.certificate_missing"),
            ("lupa pw akun", "account.cannot_sign_in"),
            ("halo min", None),
            ("insentif blm cair, sertifikat juga blm keluar", None),
        ],
    )
    def test_a_topic_only_where_the_words_are_sure(self, said: str, topic: str | None) -> None:
        matching = load_matching(SHIPPED)
        assert matching.topic_of(matching.lexicon.content(said)) == topic

    @pytest.mark.parametrize(
        ("file", "old", "new", "said"),
        [
            ("correlation.yaml", "repeat_within_hours: 24", "repeat_within_hours: -1", "repeat_within_hours: Input"),
            ("correlation.yaml", "different: 0.25", "different: 0.95", "`different` must not be above `same`"),
            ("correlation.yaml", "kk: []", "kk: [nik]", "there twice: nik"),
            ("correlation.yaml", "kk: []", "kk: [Kartu Keluarga]", "words.kk.0: String should match"),
            ("topics.yaml", "[penipuan]", "[tidak bisa]", "the keyword 'tidak bisa' of account.fraud has no telling"),
            ("topics.yaml", "keywords: {", "keywords: { fr: [],", "keywords.fr: Extra inputs"),
        ],
    )
    def test_a_mistake_is_named(self, programme: Path, file: str, old: str, new: str, said: str) -> None:
        path = programme / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(ProgrammeError) as raised:
            check(programme)
        assert said in str(raised.value)
