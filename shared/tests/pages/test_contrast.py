"""The palette against WCAG 2.2: 4.5 for text (1.4.3), 3 for the edges of controls and for focus (1.4.11)."""

import re
from pathlib import Path

import pytest

import kawal.pages

CSS = (Path(kawal.pages.__file__).parent / "static" / "kawal.css").read_text("utf-8")
LIGHT, DARK = re.findall(r":root \{(.*?)\n\s*\}", CSS, re.DOTALL)[:2]
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent", "danger") for ground in ("ground", "surface")),
    *(("ink-soft", ground) for ground in ("sunken",)),
    *((state, f"{state}-soft") for state in ("success", "warning", "danger")),
    *(("ink", f"{state}-soft") for state in ("accent", "success", "warning", "danger")),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-danger", "danger"),
    ("on-danger", "danger-strong"),
]
EDGES = [("line-strong", "surface"), ("line-strong", "ground"), ("accent", "ground"), ("accent", "surface")]


def palette(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [palette(LIGHT), palette(DARK)], ids=["light", "dark"])
class TestContrast:
    @pytest.mark.parametrize(("ink", "ground"), TEXT)
    def test_text(self, colours, ink, ground):
        assert contrast(colours[ink], colours[ground]) >= 4.5

    @pytest.mark.parametrize(("edge", "ground"), EDGES)
    def test_edges(self, colours, edge, ground):
        assert contrast(colours[edge], colours[ground]) >= 3
