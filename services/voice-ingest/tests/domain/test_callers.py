"""Who calls."""

import pytest

from kawal.contracts.words import Assurance
from voice_ingest.domain.callers import caller_number, identities, reach
from voice_ingest.domain.machine import Caller


class TestCallerNumber:
    @pytest.mark.parametrize("raw", ["", "anonymous", "+266696687", "sip:someone@example.org", "client:agent"])
    def test_hidden(self, raw: str) -> None:
        assert caller_number(raw) is None

    def test_normal_form(self) -> None:
        assert caller_number("0812 3456 7890") == "+6281234567890"


class TestReach:
    def test_mobile(self) -> None:
        assert reach("+6281234567890") is Caller.TEXTABLE

    def test_landline(self) -> None:
        assert reach("+622150859999") is Caller.CALLABLE

    def test_hidden(self) -> None:
        assert reach(None) is Caller.HIDDEN


class TestIdentities:
    def test_caller_id_is_a_claim(self) -> None:
        assert identities("+6281234567890", proven=False)[0].assurance is Assurance.CLAIMED

    def test_code_makes_it_possessed(self) -> None:
        assert identities("+6281234567890", proven=True)[0].assurance is Assurance.POSSESSED

    def test_hidden_number_is_nobody(self) -> None:
        assert identities(None, proven=False) == ()
