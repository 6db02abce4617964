"""Templates: Jinja, escaped, and an error rather than an empty place when something is missing."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kawal import case_numbers
from kawal.contracts.words import Locale
from kawal.pages.assets import Assets
from kawal.pages.texts import Texts

_OWN = Path(__file__).parent
# Each of Indonesia's zones has a name that people use.
_ZONE_NAMES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_MONTHS = {
    Locale.INDONESIAN: "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    Locale.ENGLISH: "January February March April May June July August September October November December",
}


class Pages:
    """The pages of one service."""

    def __init__(self, folder: Path, *, assets: Assets, time_zone: str = "Asia/Jakarta") -> None:
        """Raises `BrokenTexts` when the languages of `folder/texts` do not match."""
        own = folder / "texts"
        self.texts = Texts.load(_OWN / "texts", own, *sorted(one for one in own.iterdir() if one.is_dir()))
        self._zone = ZoneInfo(time_zone)
        self._environments = {locale: self._environment(folder, assets, locale) for locale in Locale}

    def render(self, template: str, *, locale: Locale, **context: Any) -> str:
        """The HTML of a page, or of a part of one."""
        return self._environments[locale].get_template(template).render(context)

    def response(self, template: str, *, locale: Locale, status: int = 200, **context: Any) -> HTMLResponse:
        return HTMLResponse(self.render(template, locale=locale, **context), status_code=status)

    def _environment(self, folder: Path, assets: Assets, locale: Locale) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([folder / "templates", folder, _OWN / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals |= {"locale": str(locale), "t": _translator(self.texts, locale), "asset": assets.url}
        environment.filters |= {
            "case_number": case_numbers.display,
            "datetime": partial(moment, locale=locale, zone=self._zone),
            "clock": partial(clock, locale=locale, zone=self._zone),
        }
        return environment


def moment(at: datetime, *, locale: Locale, zone: ZoneInfo) -> str:
    """`24 November 2026, 14.05 WIB`: how a moment is written for people, in their time zone."""
    local = at.astimezone(zone)
    zone_name = _ZONE_NAMES.get(zone.key) or local.tzname()
    return f"{local.day} {_month(local, locale)} {local.year}, {_time(local, locale)} {zone_name}"


def clock(at: datetime, now: datetime, *, locale: Locale, zone: ZoneInfo) -> str:
    """`14.05`, or `23 Nov, 14.05` when it was not today: a moment where space is short."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return _time(local, locale)
    return f"{local.day} {_month(local, locale)[:3]}, {_time(local, locale)}"


def _month(local: datetime, locale: Locale) -> str:
    return _MONTHS[locale].split()[local.month - 1]


def _time(local: datetime, locale: Locale) -> str:
    return f"{local:%H.%M}" if locale is Locale.INDONESIAN else f"{local:%H:%M}"


def _translator(texts: Texts, locale: Locale) -> Callable[..., str]:
    def t(key: str, /, **params: object) -> str:
        return texts.get(key, locale=locale, **params)

    return t
