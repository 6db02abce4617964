"""`/phone`: a telephone in the browser."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from kawal.contracts.words import Locale
from kawal.pages import Pages

WORDS = (
    "connecting",
    "connected",
    "disconnected",
    "elsewhere",
    "idle",
    "ringing",
    "calling",
    "talking",
    "cut",
    "listening",
    "recording",
    "no_microphone",
    "recorded",
    "keyed",
    "out",
    "in",
    "ended_completed",
    "ended_busy",
    "ended_no-answer",
    "ended_failed",
    "ended_canceled",
    "ended_lost",
    "too_large",
)
KEYS = (
    ("1", ""),
    ("2", "ABC"),
    ("3", "DEF"),
    ("4", "GHI"),
    ("5", "JKL"),
    ("6", "MNO"),
    ("7", "PQRS"),
    ("8", "TUV"),
    ("9", "WXYZ"),
    ("*", ""),
    ("0", "+"),
    ("#", ""),
)


def router(pages: Pages, *, hotline: str) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def home() -> Response:
        return RedirectResponse("/phone")

    @routes.get("/phone")
    async def phone(
        lang: Annotated[Locale, Query()] = Locale.INDONESIAN,
        number: Annotated[str, Query(max_length=20)] = "",
    ) -> Response:
        words = {word: pages.texts.get(f"phone.script.{word}", locale=lang) for word in WORDS}
        return pages.response("phone.html", locale=lang, keys=KEYS, hotline=hotline, number=number, words=words)

    return routes
