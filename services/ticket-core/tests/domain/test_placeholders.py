import pytest

from core_factories import number
from kawal import case_numbers
from kawal.contracts.words import Locale
from rule_factories import GAPS
from ticket_core.domain.placeholders import LONGEST, fill, problems

KNOWN = GAPS.names(agent=True)


def values(**changes: str | None) -> dict[str, str]:
    known = {"participant": "Siti", "agent": "Budi"} | changes
    return GAPS.values(locale=Locale.ENGLISH, number=number(1), **known)  # type: ignore[arg-type]


class TestFill:
    def test_all_that_is_known(self) -> None:
        text = "{{participant.name|Bapak/Ibu}}, {{ case.number }}: {{programme.hotline}}. {{agent.name}}"
        assert fill(text, values()) == f"Siti, {case_numbers.display(number(1))}: Call 0800. Budi"

    @pytest.mark.parametrize("missing", [None, "", "  "])
    def test_a_default_for_what_is_missing(self, missing: str | None) -> None:
        assert fill("Halo {{participant.name|Bapak/Ibu}}!", values(participant=missing)) == "Halo Bapak/Ibu!"

    def test_what_is_filled_in_is_text(self) -> None:
        assert fill("Halo {{participant.name|x}}", values(participant="{{agent.name}}\n\n\\1")) == (
            "Halo {{agent.name}} \\1"
        )

    def test_holds_no_more_than_a_message(self) -> None:
        assert len(fill("{{participant.name|x}}" * 200, values(participant="a" * 100))) == LONGEST


class TestProblems:
    @pytest.mark.parametrize(
        "text", ["Halo", "{{case.number}}", "{{ participant.name | Bapak/Ibu }}", "{{agent.name|kami}} { }"]
    )
    def test_none(self, text: str) -> None:
        assert problems(text, known=KNOWN) == []

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("{{participant.phone}}", "unknown placeholder {{participant.phone}}; known are agent.name"),
            ("{{}}", "unknown placeholder {{}}"),
            ("{{participant.name}}", "may be missing: write {{participant.name|…}}"),
            ("{{participant.name| }}", "may be missing"),
            ("Halo {{case.number", "a placeholder is {{name}}"),
            ("Halo case.number}}", "a placeholder is {{name}}"),
            ("{{a|{{case.number}}}}", "a placeholder is {{name}}"),
        ],
    )
    def test_says_what_is_wrong(self, text: str, problem: str) -> None:
        assert any(problem in found for found in problems(text, known=KNOWN))

    @pytest.mark.parametrize("text", ["{{" + " " * 3_990, "{{a" + " |" * 1_900, "{{" * 1_900])
    def test_of_a_long_text_that_is_never_closed(self, text: str) -> None:
        """It is found out at once; it used to take a quarter of an hour."""
        assert len(problems(text, known=KNOWN)) == 1

    def test_says_each_thing_once(self) -> None:
        assert len(problems("{{a}}" * 800, known=KNOWN)) == 1

    def test_of_a_rule_there_is_no_agent(self) -> None:
        assert "unknown placeholder {{agent.name}}" in problems("{{agent.name}}", known=GAPS.names(agent=False))[0]
