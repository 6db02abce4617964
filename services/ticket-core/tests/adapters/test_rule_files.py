import re
import shutil
from pathlib import Path

import pytest

from kawal.programme import ProgrammeError
from ticket_core.adapters.rule_files import check, load_rule_book

PROGRAMME = Path(__file__).parents[4] / "programme"
RULE = """
rules:
  - key: one
    label: {{ id: Satu, en: One }}
    when: [{when}]
    if: {condition}
    then: {acts}
"""


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROGRAMME, tmp_path / "programme"))


def write(programme: Path, *, when: str = "contact", condition: str = "{ state: [new] }", acts: str = "") -> None:
    text = RULE.format(when=when, condition=condition, acts=acts or "{ priority: high }")
    (programme / "rules.yaml").write_text(text, "utf-8")


class TestLoad:
    def test_the_file_that_comes_with_it(self) -> None:
        assert [rule.key for rule in load_rule_book(PROGRAMME).rules] == ["fraud_is_urgent"]

    def test_also_its_examples_can_be_used(self, programme: Path) -> None:
        path = programme / "rules.yaml"
        path.write_text(path.read_text("utf-8").replace("enabled: false", "enabled: true"), "utf-8")
        assert len(load_rule_book(programme).rules) == 4

    def test_in_their_order(self, programme: Path) -> None:
        one = "{{ key: {}, order: {}, label: {{ id: a, en: a }}, when: [note], then: {{ priority: low }} }}"
        orders = (("first", 100), ("second", 100), ("zeroth", 1))
        lines = "\n".join(f"  - {one.format(*each)}" for each in orders)
        (programme / "rules.yaml").write_text(f"rules:\n{lines}\n", "utf-8")
        assert [rule.key for rule in load_rule_book(programme).rules] == ["zeroth", "first", "second"]

    @pytest.mark.parametrize("condition", ["{ fields: { due_on: [2026-11-24] } }", "{ topic: [incentive, none] }"])
    def test_takes(self, programme: Path, condition: str) -> None:
        write(programme, condition=condition)
        check(programme)

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"when": "opens"}, "one: when: there is no opens; there are absorbed, "),
            ({"condition": "{ topik: [account] }"}, "rules.0.if.topik: Extra inputs are not permitted"),
            ({"condition": "{ topic: [fraud] }"}, "one: if.topic: there is no fraud; there are account, "),
            ({"condition": "{ any: [{ team: [pilots] }] }"}, "one: if.any.0.team: there is no pilots"),
            ({"condition": "{ not: { author: [robot] } }"}, "one: if.not.author: there is no robot"),
            ({"condition": "{ state: [asleep] }"}, "rules.0.if.state.0: Input should be 'new'"),
            ({"condition": "{ tags: ['a b', 'a!'] }"}, "one: if.tags: This cannot be a tag"),
            ({"condition": "{ words: [halo] }"}, "one: if.words: 'halo' has no word that says anything"),
            ({"condition": "{ fields: { batch: [many] } }"}, "one: if.fields: The value does not fit the field"),
            ({"condition": "{ entry: { colour: [red] } }"}, "one: if.entry: there is no colour; there are none"),
            ({"condition": "{ hours: { calendar: moon, open: true } }"}, "one: if.hours.calendar: there is no moon"),
            ({"condition": "{ since: { what: opened } }"}, "say `at_least_hours`, `at_most_hours` or both"),
            ({"condition": "{ all: [{ all: [{ all: [{ all: [{ state: [new] }] }] }] }] }"}, "more than 4 deep"),
            ({"condition": "{}"}, "it says nothing"),
            ({"acts": "{ topic: account }"}, "one: then.topic: there is no account"),
            ({"acts": "{ team: pilots }"}, "one: then.team: there is no pilots"),
            ({"acts": "{ state: new }"}, "one: then.state: a rule can move a case to"),
            ({"acts": "{ state: on_hold }"}, "one: then.reason: there is no none; there are "),
            ({"acts": "{ state: resolved, reason: bored }"}, "one: then.reason: there is no bored"),
            ({"acts": "{ state: pending, reason: fixed }"}, "one: then.reason: there is no fixed; there are none"),
            ({"acts": "{ reason: fixed }"}, "a `reason` is that of a `state`"),
            ({"acts": "{ assign: none, team: payments }"}, "either `assign` or `team`"),
            ({"acts": "{ fields: { colour: red } }"}, "one: then.fields: there is no colour; there are "),
            ({"acts": "{ fields: { colour: } }"}, "one: then.fields: there is no colour; there are "),
            ({"condition": "{ fields: { colour: [none, 1] } }"}, "one: if.fields: there is no colour; there are "),
            ({"acts": "{ tags: { add: ['!'] } }"}, "one: then.tags.add: This cannot be a tag"),
            ({"acts": "{ note: '{{agent.name}}' }"}, "one: then.note: unknown placeholder {{agent.name}}"),
            (
                {"acts": "{ reply: { id: Ya, en: '{{participant.name}}' } }"},
                "then.reply.en: {{participant.name}} may",
            ),
            ({"acts": "{ reply: { id: Ya } }"}, "say `id` and `en`, or `macro`"),
            ({"acts": "{ }"}, "it does nothing"),
        ],
    )
    def test_says_what_is_wrong(self, programme: Path, changes: dict[str, str], problem: str) -> None:
        write(programme, **changes)
        with pytest.raises(ProgrammeError, match=re.escape(problem)):
            check(programme)

    def test_says_all_of_it(self, programme: Path) -> None:
        write(programme, when="opens", condition="{ topic: [x, y] }", acts="{ team: pilots }")
        with pytest.raises(ProgrammeError) as wrong:
            check(programme)
        assert [problem.partition(":")[0] for problem in wrong.value.problems] == ["one"] * 3

    def test_a_key_twice(self, programme: Path) -> None:
        path = programme / "rules.yaml"
        path.write_text(path.read_text("utf-8").replace("key: fraud_in_words", "key: fraud_is_urgent"), "utf-8")
        with pytest.raises(ProgrammeError, match="there twice: fraud_is_urgent"):
            check(programme)

    def test_words_of_the_programme(self, programme: Path) -> None:
        (programme / "facts.yaml").write_text("facts: { name: { id: '{{x}}', en: a } }", "utf-8")
        with pytest.raises(ProgrammeError, match=re.escape("facts.name.id")):
            check(programme)
