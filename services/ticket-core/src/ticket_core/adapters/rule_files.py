"""`programme/rules.yaml` as the domain's rules."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from kawal.programme import ProgrammeError, load_yaml
from kawal.programme.loading import Closed
from ticket_core.adapters.rule_maker import RuleMaker
from ticket_core.adapters.rule_source import RuleSource
from ticket_core.domain.errors import InvalidRule
from ticket_core.domain.rulebook import RuleBook
from ticket_core.domain.rules import Rule

FILE = "rules.yaml"
MOST_RULES = 200


class RulesFile(Closed):
    """The file as its owner writes it."""

    rules: Annotated[tuple[RuleSource, ...], Field(max_length=MOST_RULES)] = ()

    @model_validator(mode="after")
    def _no_key_twice(self) -> "RulesFile":
        keys = [rule.key for rule in self.rules]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self


def load_rule_book(programme: Path, maker: RuleMaker | None = None) -> RuleBook:
    """The rules of the folder `programme` that are enabled, in the order in which they act.

    Raises:
        ProgrammeError: a file cannot be used, or a rule names what the programme does not have.
    """
    maker = maker or RuleMaker.load(programme)
    made = [(source, rule) for source, rule in rules_of_file(programme, maker) if source.enabled]
    in_order = sorted(made, key=lambda one: one[0].order)  # which keeps those of equal order as they stand
    return RuleBook((rule for _, rule in in_order), gaps=maker.gaps)


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load_rule_book(programme)


def rules_of_file(programme: Path, maker: RuleMaker) -> list[tuple[RuleSource, Rule]]:
    """All of them, as they stand there; raises `ProgrammeError`."""
    path = programme / FILE
    made, problems = list[tuple[RuleSource, Rule]](), list[str]()
    for source in load_yaml(path, RulesFile).rules:
        try:
            made.append((source, maker.rule(source)))
        except InvalidRule as wrong:
            problems += [f"{source.key}: {problem}" for problem in wrong.problems]
    if problems:
        raise ProgrammeError(path, *problems)
    return made
