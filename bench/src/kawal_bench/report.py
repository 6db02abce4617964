"""The table that a benchmark prints: a figure, its goal, and how it was measured."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("what", "figure", "goal", "", "how it was measured")
HOW_WIDTH = 68


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound of the issue: `at_least` or at most `bound`."""

    bound: float
    unit: str
    at_least: bool

    @classmethod
    def least(cls, bound: float, unit: str) -> "Goal":
        return cls(bound, unit, at_least=True)

    @classmethod
    def most(cls, bound: float, unit: str) -> "Goal":
        return cls(bound, unit, at_least=False)

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {number(self.bound)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `value` is compared with the goal; `beside` is shown after it.

    `cost` says where the processor's time went.
    """

    what: str
    value: float
    unit: str
    how: str
    goal: Goal | None = None
    beside: str = ""
    cost: str = ""

    @property
    def shown(self) -> str:
        return " ".join(part for part in (number(self.value), self.unit, self.beside) if part)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self.value) else "MISSED"


def number(value: float) -> str:
    """Three significant digits at least, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(figures: Iterable[Figure]) -> str:
    """Figures as text, one below the other; how each was measured is wrapped beside it."""
    rows = [_row(figure) for figure in figures]
    widths = [max(len(row[place]) for row in [HEADINGS, *rows]) for place in range(4)]
    lines = [_line(HEADINGS, widths), "-" * (sum(widths) + 2 * len(widths) + HOW_WIDTH)]
    for row in rows:
        first, *others = textwrap.wrap(row[4], HOW_WIDTH) or [""]
        lines.append(_line((*row[:4], first), widths))
        lines += [_line(("", "", "", "", other), widths) for other in others]
    return "\n".join(lines)


def costs(figures: Iterable[Figure]) -> str:
    """Where the processor's time went, for those figures that know."""
    known = [figure for figure in figures if figure.cost]
    width = max((len(figure.what) for figure in known), default=0)
    return "\n".join(f"{figure.what.ljust(width)}  {figure.cost}" for figure in known)


def markdown(figures: Iterable[Figure]) -> str:
    """The same table for a README."""
    lines = ["| what | figure | goal | | how it was measured |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_row(figure))} |" for figure in figures]
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    return (figure.what, figure.shown, str(figure.goal or ""), figure.verdict, figure.how)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, cells[4]]).rstrip()
