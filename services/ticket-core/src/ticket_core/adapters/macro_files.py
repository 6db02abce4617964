"""`programme/macros.yaml` as the domain's macros."""

from pathlib import Path

from kawal.contracts.words import Locale
from kawal.programme import ProgrammeError, load_yaml
from ticket_core.adapters.macro_source import FILE, MacrosFile, MacroSource
from ticket_core.adapters.rule_maker import RuleMaker, found_problems, require_known
from ticket_core.domain.macros import Macro


def load_macros(programme: Path, maker: RuleMaker | None = None) -> list[tuple[MacroSource, Macro]]:
    """Those of the folder `programme`, as they stand there.

    Raises:
        ProgrammeError: a file cannot be used, or a macro names what the programme does not have.
    """
    maker = maker or RuleMaker.load(programme)
    made, problems = list[tuple[MacroSource, Macro]](), list[str]()
    for source in load_yaml(programme / FILE, MacrosFile).macros:
        found = list[str]()
        made.append((source, macro_of(source, maker, found)))
        problems += [f"{source.key}: {problem}" for problem in found]
    if problems:
        raise ProgrammeError(programme / FILE, *problems)
    return made


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load_macros(programme)


def macro_of(source: MacroSource, maker: RuleMaker, found: list[str]) -> Macro:
    """What is wrong with it is added to `found`."""
    names = maker.gaps.names(agent=True)
    require_known(source.topics, maker.policy.topics | maker.groups, "topics", found)
    texts = {Locale.INDONESIAN: source.text.id, Locale.ENGLISH: source.text.en} if source.text else None
    for locale, text in (texts or {}).items():
        found += found_problems(text, f"text.{locale}", names)
    return Macro(
        key=source.key,
        label={Locale.INDONESIAN: source.label.id, Locale.ENGLISH: source.label.en},
        topics=frozenset(source.topics),
        texts=texts,
        acts=tuple(maker.acts(source.then, found, names=names)) if source.then else (),
    )
