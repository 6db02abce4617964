import re
import shutil
from pathlib import Path

import pytest

from kawal.contracts.words import Locale
from kawal.programme import ProgrammeError
from ticket_core.adapters.macro_files import check, load_macros
from ticket_core.adapters.rule_files import load_rule_book
from ticket_core.domain.acts import Answer

PROGRAMME = Path(__file__).parents[4] / "programme"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROGRAMME, tmp_path / "programme"))


def write(programme: Path, *macros: str) -> None:
    lines = "\n".join(f"  - {{ key: one, label: {{ id: a, en: b }}, {macro} }}" for macro in macros)
    (programme / "macros.yaml").write_text(f"macros:\n{lines}\n", "utf-8")


class TestLoad:
    def test_the_file_that_comes_with_it(self) -> None:
        macros = {macro.key: macro for _, macro in load_macros(PROGRAMME)}
        assert list(macros) == ["ask_screenshot", "incentive_checked", "answered"]
        assert macros["incentive_checked"].topics == {"incentive"}
        assert all(set(macro.texts or ()) == set(Locale) for macro in macros.values())

    @pytest.mark.parametrize(
        ("macro", "problem"),
        [
            ("text: { id: Ya }", "macros.0.text.en: Field required"),
            ("topics: [incentive]", "say `text`, `then` or both"),
            ("then: { reply: { id: a, en: b } }", "the answer of a macro is its `text`"),
            ("text: { id: '{{agent.phone}}', en: b }", "one: text.id: unknown placeholder {{agent.phone}}"),
            ("text: { id: a, en: '{{participant.name}}' }", "one: text.en: {{participant.name}} may be missing"),
            ("text: { id: a, en: b }, topics: [fraud]", "one: topics: there is no fraud"),
            ("then: { state: resolved, reason: bored }", "one: then.reason: there is no bored"),
            ("then: { note: '{{programme.moon}}' }", "one: then.note: unknown placeholder"),
        ],
    )
    def test_says_what_is_wrong(self, programme: Path, macro: str, problem: str) -> None:
        write(programme, macro)
        with pytest.raises(ProgrammeError, match=re.escape(problem)):
            check(programme)

    def test_a_key_twice(self, programme: Path) -> None:
        write(programme, "then: { state: open }", "then: { state: open }")
        with pytest.raises(ProgrammeError, match="there twice: one"):
            check(programme)


class TestInRules:
    RULE = "rules: [{{ key: r1, label: {{ id: a, en: b }}, when: [contact], then: {{ reply: {} }} }}]\n"

    def test_a_rule_may_say_what_a_macro_says(self, programme: Path) -> None:
        (programme / "rules.yaml").write_text(self.RULE.format("{ macro: answered }"), "utf-8")
        ((answer,),) = [rule.acts for rule in load_rule_book(programme).rules]
        assert isinstance(answer, Answer)
        assert answer.texts[Locale.ENGLISH].startswith("You are welcome")

    @pytest.mark.parametrize(
        ("reply", "problem"),
        [
            ("{ macro: moon }", "r1: then.reply.macro: there is no moon"),
            ("{ macro: ask_screenshot }", "unknown placeholder {{agent.name}}"),
            ("{ macro: answered, id: a, en: b }", "say `id` and `en`, or `macro`"),
            ("{ id: a }", "say `id` and `en`, or `macro`"),
            ("{ macro: answered, id: a }", "say `id` and `en`, or `macro`"),
        ],
    )
    def test_says_what_is_wrong(self, programme: Path, reply: str, problem: str) -> None:
        (programme / "rules.yaml").write_text(self.RULE.format(reply), "utf-8")
        with pytest.raises(ProgrammeError, match=re.escape(problem)):
            load_rule_book(programme)
