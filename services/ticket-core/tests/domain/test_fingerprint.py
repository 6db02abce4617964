from datetime import timedelta

import pytest

from core_factories import NOW
from kawal.contracts.interactions import FormAnswer
from ticket_core.domain.entries import CallbackAskedFor, FormFilledIn, MessageWritten
from ticket_core.domain.fingerprint import GIST_LENGTH, Heard, fingerprint, heard_before, longer_gist, statement


def answer(value: str) -> FormAnswer:
    return FormAnswer(field="f", label="F", value=value)


class TestFingerprint:
    def test_case_and_punctuation_do_not_matter(self) -> None:
        assert fingerprint("Insentif BELUM cair!!") == fingerprint("insentif, belum\ncair") is not None

    def test_order_and_words_do(self) -> None:
        assert fingerprint("belum cair insentif") != fingerprint("insentif belum cair")

    @pytest.mark.parametrize("text", ["", "Halo", "Halo min", "!!! ???"])
    def test_too_short(self, text: str) -> None:
        assert fingerprint(text) is None

    def test_never_changes(self) -> None:
        """It stands in cases: another rule would make every rebuild differ."""
        assert fingerprint("Insentif saya belum cair") == "9ae147726fc4b5c9"

    def test_a_lone_surrogate(self) -> None:
        assert fingerprint("satu dua \ud800 tiga") is not None


class TestStatement:
    def test_of_a_form_only_the_prose(self) -> None:
        fact = FormFilledIn(
            "complaint", (answer("incentive.not_paid"), answer("Insentif saya belum cair"), answer("Siti"))
        )
        assert statement(fact, "whatever") == "Insentif saya belum cair"

    def test_of_a_message_its_text(self) -> None:
        assert statement(MessageWritten(), "Halo") == "Halo"

    def test_of_what_has_no_words(self) -> None:
        assert statement(CallbackAskedFor(), "") == ""


class TestGist:
    def test_grows_to_its_length(self) -> None:
        gist = ""
        for said in ("Halo", "", "x" * 300, "y" * 300, "z"):
            gist = longer_gist(gist, said)
        assert gist.startswith("Halo\nxxx")
        assert len(gist) == GIST_LENGTH


class TestHeardBefore:
    MARKS = (Heard(2, int(NOW.timestamp()), "a").mark, Heard(5, int(NOW.timestamp()) + 60, "b").mark)

    def test_within_the_window(self) -> None:
        assert heard_before(self.MARKS, "a", within=timedelta(hours=1), now=NOW + timedelta(hours=1)) == 2

    def test_after_it(self) -> None:
        assert heard_before(self.MARKS, "a", within=timedelta(hours=1), now=NOW + timedelta(hours=1, seconds=1)) is None

    def test_never_heard(self) -> None:
        assert heard_before(self.MARKS, "c", within=timedelta(hours=1), now=NOW) is None
