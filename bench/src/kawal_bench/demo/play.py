"""The demonstration as a whole."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from websockets.exceptions import WebSocketException

from kawal.contracts.words import Channel
from kawal_bench.clients.agent import AgentClient
from kawal_bench.conversations import Contact, contacts
from kawal_bench.demo.calls import Calls, Menus
from kawal_bench.demo.chats import Chats
from kawal_bench.demo.desk import AutomaticAgent, signed_in
from kawal_bench.demo.forms import Forms
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.running import RunningStack
from kawal_bench.demo.telling import tell
from kawal_bench.demo.visitors import Visitors

WEIGHTS = {Channel.CHAT: 5, Channel.WEB: 3, Channel.VOICE: 2}
"""More calls than on the reference programme's day, so that every door is seen within a minute."""
MOST_AT_ONCE = 40
LAST_WORDS_S = 30.0


class Door(Protocol):
    """A way to contact the programme."""

    async def visit(self, contact: Contact) -> None: ...


@dataclass(frozen=True, slots=True)
class Doors:
    """All three, as people come through them."""

    chats: Chats
    forms: Forms
    calls: Calls

    async def visit(self, contact: Contact) -> None:
        """One contact from beginning to end; what goes wrong is told and ends this contact only."""
        doors: dict[Channel, Door] = {Channel.CHAT: self.chats, Channel.WEB: self.forms, Channel.VOICE: self.calls}
        try:
            await doors[contact.channel].visit(contact)
        except (httpx.HTTPError, OSError, TimeoutError, WebSocketException) as error:
            tell(contact.channel, contact.person.name, f"gives up ({type(error).__name__})")


async def play(stack: RunningStack, *, minutes: float, seed: int) -> int:
    """Play for `minutes`; returns how many contacts there were."""
    pace, visitors = Pace(random.Random(seed)), Visitors()
    async with AsyncExitStack() as opened:
        client = await opened.enter_async_context(signed_in(stack))
        desk = AutomaticAgent(AgentClient(client), client, pace, tell, visitors)
        doors = Doors(
            chats=Chats(stack, await opened.enter_async_context(_http(stack, "chat-ingest")), pace, tell, visitors),
            forms=Forms(await opened.enter_async_context(_http(stack, "webform-ingest")), pace, tell, visitors),
            calls=Calls(stack, Menus.load(Path(__file__).parents[4] / "programme"), pace, tell, visitors),
        )
        working = asyncio.create_task(desk.run())
        try:
            return await _receive(doors, pace, working, minutes=minutes, seed=seed)
        finally:
            working.cancel()
            await asyncio.wait({working})


async def _receive(doors: Doors, pace: Pace, desk: "asyncio.Task[None]", *, minutes: float, seed: int) -> int:
    loop = asyncio.get_running_loop()
    end, count = loop.time() + minutes * 60, 0
    visiting: set[asyncio.Task[None]] = set()
    for contact in contacts(seed, weights=WEIGHTS):
        await pace.next_contact()
        if desk.done():
            desk.result()
        visiting = {task for task in visiting if not task.done()}
        if loop.time() >= end:
            break
        if len(visiting) < MOST_AT_ONCE:
            visiting.add(asyncio.create_task(doors.visit(contact)))
            count += 1
    if visiting:
        await asyncio.wait(visiting, timeout=LAST_WORDS_S)
    for task in visiting:
        task.cancel()
    return count


def _http(stack: RunningStack, service: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stack.url(service), trust_env=False, timeout=15)
