"""The words on pages, beside the templates: `texts/id.yaml` and `texts/en.yaml` with the same keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from kawal.contracts.words import Locale


class BrokenTexts(ValueError):
    """The texts of the languages do not match, or a file is not what it should be."""


class Texts:
    """Texts by language and key; nested keys are joined with dots."""

    def __init__(self, texts: Mapping[Locale, Mapping[str, str]]) -> None:
        self._texts = texts
        self._check()

    @classmethod
    def load(cls, *folders: Path) -> "Texts":
        """Read `{id,en}.yaml` of each folder; later ones win.

        Raises:
            BrokenTexts: a key or a placeholder is missing in one language, or a value is no text.
        """
        texts = {
            locale: {key: text for folder in folders for key, text in _read(folder / f"{locale}.yaml")}
            for locale in Locale
        }
        return cls(texts)

    def get(self, key: str, *, locale: Locale, **params: object) -> str:
        """The text with its `{placeholders}` filled in.

        Raises:
            KeyError: there is no such text, or a placeholder got no value.
        """
        return self._texts[locale][key].format_map(params)

    def _check(self) -> None:
        indonesian, english = self._texts[Locale.INDONESIAN], self._texts[Locale.ENGLISH]
        if lonely := sorted(indonesian.keys() ^ english.keys()):
            raise BrokenTexts(f"Only in one language: {', '.join(lonely)}")
        for key, text in indonesian.items():
            if placeholders(text) != placeholders(english[key]):
                raise BrokenTexts(f"The placeholders of {key!r} differ between the languages")


def placeholders(text: str) -> set[str]:
    """The names in `{braces}`."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _read(path: Path) -> Iterator[tuple[str, str]]:
    yield from _flatten(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader) or {}, path=path)


def _flatten(tree: Any, *, path: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(tree, dict):
        raise BrokenTexts(f"{path}: {prefix or 'the file'} must hold keys and texts")
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, path=path, prefix=f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            raise BrokenTexts(f"{path}: {prefix}{key} is no text; put it in quotes")
