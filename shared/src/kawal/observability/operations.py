"""The operations port: is the process alive, is it ready, what are its numbers. Never reachable from outside.

A plain ASGI app, so that it answers even when the service's own app is what is broken.
"""

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.types import Receive, Scope, Send

from kawal.observability import metrics, redaction

Ready = Callable[[], Awaitable[None] | None]
"""Returns when the part can do its work, raises when it cannot."""
Alive = Callable[[], bool]
"""Whether the part still makes progress; `False` gets the process restarted."""

READY_WITHIN_S = 2.0
LOOP_STALLED_S = 10.0
_BEAT_S = 0.5
_JSON = b"application/json"


class NotReady(Exception):
    """A part cannot work at the moment; the message is shown to operators."""


class LoopWatch:
    """Measures how late the event loop's timers fire."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beat_at = clock()

    def alive(self) -> bool:
        return self._clock() - self._beat_at < LOOP_STALLED_S

    async def run(self) -> None:
        while True:
            expected = self._clock() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self._beat_at = self._clock()
            metrics.EVENT_LOOP_LAG_SECONDS.observe(max(0.0, self._beat_at - expected))


class Operations:
    """`/healthz`, `/readyz` and `/metrics` over callbacks that may be replaced while the process starts."""

    def __init__(self) -> None:
        self.alive: Mapping[str, Alive] = {}
        self.ready: Mapping[str, Ready] = {"service": _starting}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/healthz":
                await _answer_checks(send, self._dead())
            case "/readyz":
                await _answer_checks(send, await self.not_ready())
            case "/metrics":
                await _answer_metrics(scope, send)
            case _:
                await _answer(send, status=404, media_type=_JSON, body=b'{"status":"not_found"}')

    async def not_ready(self) -> dict[str, str]:
        """Each part that cannot work now, and why; all are asked at once."""
        reasons = await asyncio.gather(*(_why_not(check) for check in self.ready.values()))
        return {name: reason for name, reason in zip(self.ready, reasons, strict=True) if reason is not None}

    def _dead(self) -> dict[str, str]:
        return {name: "no progress" for name, alive in self.alive.items() if not alive()}


def _starting() -> None:
    raise NotReady("starting")


async def _why_not(check: Ready) -> str | None:
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            pending = check()
            if inspect.isawaitable(pending):
                await pending
    except TimeoutError:
        return f"no answer within {READY_WITHIN_S:.0f} s"
    except Exception as error:  # noqa: BLE001 whatever it is, it is the answer
        return redaction.describe(error)
    return None


async def _answer_checks(send: Send, failing: Mapping[str, str]) -> None:
    body: dict[str, Any] = {"status": "failing", "failing": failing} if failing else {"status": "ok"}
    await _answer(send, status=503 if failing else 200, media_type=_JSON, body=json.dumps(body).encode())


async def _answer_metrics(scope: Scope, send: Send) -> None:
    accept = next((str(value, "latin-1") for name, value in scope["headers"] if name == b"accept"), "")
    encode, media_type = choose_encoder(accept)
    await _answer(send, status=200, media_type=media_type.encode(), body=encode(REGISTRY))


async def _answer(send: Send, *, status: int, media_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
