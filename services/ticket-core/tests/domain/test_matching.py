import pytest

from ticket_core.domain.language import Lexicon
from ticket_core.domain.matching import Matching, TopicWords, Verdict

MATCHING = Matching(
    lexicon=Lexicon(weak=frozenset({"belum"})),
    topics=(
        TopicWords("paid", (frozenset({"insentif", "cair"}),)),
        TopicWords("proof", (frozenset({"sertifikat"}),)),
    ),
)


def verdict(one: str, other: str, *, topics: tuple[str | None, str | None] = (None, None)) -> Verdict:
    mine, theirs = (MATCHING.problem(topic, text) for topic, text in zip(topics, (one, other), strict=True))
    assert MATCHING.judge(mine, theirs).verdict is MATCHING.judge(theirs, mine).verdict
    return MATCHING.judge(mine, theirs).verdict


class TestJudge:
    def test_topics_that_were_chosen(self) -> None:
        assert verdict("", "", topics=("paid", "paid")) is Verdict.SAME
        assert verdict("kelas barista macet", "kelas barista macet", topics=("paid", "proof")) is Verdict.DIFFERENT

    def test_numbers_in_common(self) -> None:
        assert verdict("order 8823177 hilang", "TRX-8823177") is Verdict.SAME

    def test_numbers_that_differ_speak_against_one_topic(self) -> None:
        assert verdict("order 8823177", "order 9914402", topics=("paid", "paid")) is Verdict.DIFFERENT

    def test_topics_that_are_named(self) -> None:
        assert verdict("insentif belum cair", "kapan cair insentif bulan ini") is Verdict.SAME
        assert verdict("insentif belum cair", "sertifikat belum terbit") is Verdict.DIFFERENT

    def test_both_topics_in_one_text_name_none(self) -> None:
        assert MATCHING.topic_of(MATCHING.lexicon.content("insentif cair, sertifikat")) is None

    def test_one_topic_named_and_nothing_else_in_common(self) -> None:
        long = "sertifikat pengantar olahraga panahan terlambat dikirim lembaga"
        assert verdict("nama instruktur sertifikat kacau balau huruf kapital", long) is not Verdict.SAME

    def test_words_alone(self) -> None:
        assert verdict("kelas barista layarnya putih", "layarnya putih di kelas barista") is Verdict.SAME
        assert verdict("kelas barista layarnya putih", "kuis bahasa inggris nol") is Verdict.DIFFERENT

    @pytest.mark.parametrize("text", ["", "belum", "halo"])
    def test_too_little_to_tell(self, text: str) -> None:
        assert verdict(text, "kelas barista layarnya putih") is Verdict.UNKNOWN

    def test_another_batch_is_less_alike(self) -> None:
        text = "kapan dibuka gelombang {}"
        assert verdict(text.format(48), text.format(48)) is Verdict.SAME
        assert verdict(text.format(48), text.format(51)) is not Verdict.SAME


class TestThresholds:
    def test_in_the_wrong_order(self) -> None:
        with pytest.raises(ValueError, match="different <= same"):
            Matching(same=0.2, different=0.5)
