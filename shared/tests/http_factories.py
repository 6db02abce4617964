"""An app with one route for each way a request can end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Form, HTTPException
from pydantic import BaseModel, Field, SecretStr

from kawal.errors import KawalError, TransientError
from kawal.http import App, IdempotencyKey, Line, Prose, create_app
from kawal.http.bearer import requires_bearer
from kawal.settings import ServiceSettings

SETTINGS = ServiceSettings(postgres_dsn="postgresql://nowhere", kafka="nowhere:1")
TOKEN = "a-service-token"


class Busy(KawalError):
    status, code, title, retry_after_s = 503, "busy", "Too much to do", 7


class Contact(BaseModel, extra="forbid"):
    name: Annotated[Line, Field(max_length=20)] = ""
    text: Annotated[Prose, Field(min_length=1)]
    kind: dict[str, Any] = {}


router = APIRouter(prefix="/echo")


@router.post("/{token}")
async def echo(token: str, contact: Contact) -> Contact:
    return contact


async def form(text: Annotated[str, Form()]) -> dict[str, str]:
    return {"text": text}


async def busy() -> None:
    raise Busy("Come back later")


async def refused() -> None:
    raise HTTPException(403)


async def broken() -> None:
    raise RuntimeError("secret internals")


async def away() -> None:
    raise ConnectionRefusedError


async def transient() -> None:
    raise TransientError("the broker is away")


async def guarded() -> str:
    return "in"


async def submit(key: IdempotencyKey) -> str:
    return key


def make_app(**options: Any) -> App:
    app = create_app(title="Test", settings=SETTINGS, **options)
    app.include_router(router, prefix="/v1")
    app.post("/form")(form)
    for endpoint in (busy, refused, broken, away, transient):
        app.get(f"/{endpoint.__name__}")(endpoint)
    app.get("/guarded", dependencies=[Depends(requires_bearer(SecretStr(TOKEN)))])(guarded)
    app.post("/submit")(submit)
    return app


@asynccontextmanager
async def client_of(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client
