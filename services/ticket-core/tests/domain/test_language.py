import tracemalloc

import pytest

from ticket_core.domain.language import Lexicon, coverage, similarity, trigrams

LEXICON = Lexicon(
    canonical={"blm": "belum", "gk": "belum", "incentive": "insentif", "paid": "cair", "cairkan": "cair"},
    silent=frozenset({"min", "the", "saya"}),
    weak=frozenset({"belum"}),
    known=frozenset({"insentif", "sertifikat", "akun"}),
)


class TestContent:
    @pytest.mark.parametrize(
        "text",
        [
            "Min, insentif saya BLM cair!!",
            "the incentive gk paid",
            "insentf blm cair2",
            "insentifnya gk cairkan",
            "\uff49\uff4esentif blmmm cair",
        ],
    )
    def test_however_it_is_written(self, text: str) -> None:
        assert LEXICON.content(text).words == {"insentif", "belum", "cair"}

    def test_weak_words_do_not_tell_problems_apart(self) -> None:
        assert LEXICON.content("insentif blm cair").telling == {"insentif", "cair"}

    def test_single_letters_are_no_words(self) -> None:
        assert LEXICON.content("A:B :D insentif").words == {"insentif"}

    @pytest.mark.parametrize("text", ["order TRX-8823177", "trx 8823177", "(8823177)", "TRX/88/23177"])
    def test_numbers_of_an_order(self, text: str) -> None:
        assert LEXICON.content(text).references == {"8823177"}

    @pytest.mark.parametrize(
        "text",
        [
            "081234567890",
            "+6281234567890",
            "3174012345678901",
            "24/11/2026",
            "2026-11-24",
            "Rp600.000",
            "rp 1.000.000",
            "600000",
        ],
    )
    def test_numbers_that_are_of_the_person_or_of_no_order(self, text: str) -> None:
        assert LEXICON.content(text).references == frozenset()

    def test_small_numbers(self) -> None:
        assert LEXICON.content("gelombang 48").numbers == {"48"}


class TestWord:
    def test_a_short_one_is_not_corrected(self) -> None:
        assert LEXICON.word("akn") == "akn"

    def test_swapped_letters(self) -> None:
        assert LEXICON.word("setifikat") == LEXICON.word("sertifikatt") == "sertifikat"

    def test_between_two_meanings_it_is_left_alone(self) -> None:
        assert Lexicon(known=frozenset({"kartun", "kantun"})).word("katun") == "katun"

    def test_unknown(self) -> None:
        assert LEXICON.word("zakat") == "zakat"

    def test_one_that_is_endless_takes_little_memory(self) -> None:
        """Neither to look for what it may stand for, nor to remember it."""
        words = [("ab" * 5_000) + ending for ending in ("c", "d", "e", "f")]
        lexicon = Lexicon(known=frozenset({"insentif"}))
        lexicon.word("first")
        tracemalloc.start()
        try:
            assert [lexicon.word(word) for word in words] == words
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 10_000

    def test_one_that_is_stretched_without_end(self) -> None:
        assert LEXICON.word("insenti" + "f" * 5_000) == "insentif"


class TestSimilarity:
    def test_trigrams_are_those_of_pg_trgm(self) -> None:
        assert trigrams(["cat"]) == {"  c", " ca", "cat", "at "}

    def test_the_example_of_the_manual(self) -> None:
        """`SELECT similarity('word', 'two words')`: 4 of 11."""
        assert similarity(trigrams(["word"]), trigrams(["two", "words"])) == pytest.approx(0.363636, abs=1e-6)

    def test_nothing_in_common(self) -> None:
        assert similarity(trigrams(["a"]), trigrams(["b"])) == 0.0

    def test_a_short_text_within_a_long_one(self) -> None:
        assert coverage(trigrams(["word"]), trigrams(["word", "other"])) == 1.0
        assert coverage(trigrams([]), trigrams(["word"])) == 0.0
