"""Bounded load through the public doors: chats, forms and calls of many people, and agents who answer some of them.

Every conversation goes step by step, so the order in which its messages were accepted is known. What was accepted is
noted in `Said`, and `ledger.py` compares it with what came of it.
"""

import asyncio
import base64
import json
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from chaos.doors import INSISTS_FOR_S, LATER, Door
from chaos.hotline import Caller
from kawal.contracts.words import Channel
from kawal.testing import eventually
from kawal.testing.stack import StackProcess
from voice_ingest.emulator.client import Phone, phone

WORKERS = 16
AGENTS = 4
CHAT_MESSAGES = 20
WEB_MESSAGES = 5
ANSWERS = 2
ANSWER = "Jawaban"
NOT_AGAIN = "2"
FORM = "complaint"
FORM_ITSELF = "form"
CALL_ITSELF = "call"
# Of twenty visits, as in the reference programme: mostly chats, some forms, a call.
CHATS, FORMS, CALLS = 15, 4, 1
ONE_IN = {Channel.CHAT: 5, Channel.WEB: 2, Channel.VOICE: 4}
"""Agents answer one in so many."""
NOT_APPLIED_YET = LATER | {404}
PHONES = count(secrets.randbelow(10_000_000))
RINGS_WITHIN_S = 10.0
REACHED_WITHIN_S = 600.0


@dataclass
class Said:
    """One conversation: what was accepted of the participant, in order, and what the agents answered, in order.

    `heard` is what was read out to him over the phone.
    """

    channel: Channel
    conversation_id: str = ""
    token: str = ""
    number: str = ""
    phone: str = ""
    email: str = ""
    accepted: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


@dataclass
class Load:
    """`total` interactions, of which a share of `repeated` is sent twice; `accepted` have got through so far."""

    stack: StackProcess
    total: int
    repeated: float = 0.0
    seed: int = 1
    conversations: list[Said] = field(default_factory=list)
    accepted: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._agents = asyncio.Semaphore(AGENTS)
        self._came: Counter[Channel] = Counter()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The load runs while the block does what it likes to the stack; behind the block, everything is accepted."""
        await eventually(self._numbers_are_leased, timeout=REACHED_WITHIN_S)
        plan = self._plan()
        async with asyncio.TaskGroup() as self._people:
            for _ in range(WORKERS):
                self._people.create_task(self._work(plan))
            yield

    async def _numbers_are_leased(self) -> bool:
        """Whether each edge has case numbers to give out, which takes a moment after the very first start."""
        edges = [self.stack.facts["services"][name] for name in ("chat-ingest", "webform-ingest", "voice-ingest")]
        async with httpx.AsyncClient(trust_env=False) as client:
            metrics = [(await client.get(f"{edge['ops_url']}/metrics")).text for edge in edges]
        return not any("\nkawal_case_numbers_left 0.0\n" in text for text in metrics)

    async def reached(self, share: float) -> None:
        """Wait until so much of it is accepted: there is a lot in flight then, and a lot to come."""
        await eventually(lambda: self.accepted >= share * self.total, timeout=REACHED_WITHIN_S)

    def _plan(self) -> Iterator[Callable[["Worker"], Coroutine[Any, Any, None]]]:
        """Visits until there are `total` interactions, channels mixed."""
        kinds = [Worker.chat] * CHATS + [Worker.form] * FORMS + [Worker.call] * CALLS
        planned = 0
        for place in count():
            if planned >= self.total:
                return
            kind = kinds[place * 7 % len(kinds)]  # 7 and 20 have no common divisor: each comes in its share
            planned += {Worker.chat: CHAT_MESSAGES, Worker.form: 1 + WEB_MESSAGES, Worker.call: 1}[kind]
            yield kind

    async def _work(self, plan: Iterator[Callable[["Worker"], Coroutine[Any, Any, None]]]) -> None:
        worker = Worker(self)
        try:
            for visit in plan:
                await visit(worker)
        finally:
            await worker.leave()

    def twice(self) -> bool:
        return self._random.random() < self.repeated

    def took(self, said: Said, what: str) -> None:
        said.accepted.append(what)
        self.accepted += 1

    def wants_answers(self, said: Said) -> None:
        """Agents answer some, as soon as they can, while the participant goes on."""
        if self._chosen(said):
            self._people.create_task(self._answer(said))

    def wants_to_be_called(self, said: Said) -> None:
        """Some sit by their phones until they have been called as often as agents answered."""
        if self._chosen(said):
            self._people.create_task(self._answer(said))
            self._people.create_task(self._pick_up(said))

    def _chosen(self, said: Said) -> bool:
        """One in so many of each channel; without a number (none was left to give out) agents would have to search."""
        self._came[said.channel] += 1
        return bool(said.number) and self._came[said.channel] % ONE_IN[said.channel] == 0

    async def _pick_up(self, said: Said) -> None:
        async def heard_all() -> bool:
            with suppress(TimeoutError):  # the network, a part of voice-ingest, may be away
                async with phone(self.stack.url("voice-ingest"), said.phone) as handset:
                    said.heard += await _listen(handset)
            return len(set(said.heard)) == ANSWERS

        await eventually(heard_all, timeout=INSISTS_FOR_S)

    async def _answer(self, said: Said) -> None:
        async with self._agents:
            door = Door(self.stack.url("ticket-core"), token=self.stack.facts["api_token"])
            for place in range(ANSWERS):
                text = f"{ANSWER} {place} untuk {said.number} {secrets.token_hex(4)}"
                path = f"/v1/cases/{said.number}/replies"
                for _ in range(2 if self.twice() else 1):
                    await door.post(path, {"text": text}, key=f"{said.number}-{place}", later=NOT_APPLIED_YET)
                said.answers.append(text)
            await door.close()


class Worker:
    """Plays one participant after the other, each step only when the one before is accepted."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._chat = Door(load.stack.url("chat-ingest"))
        self._web = Door(load.stack.url("webform-ingest"))
        self._voice = Door(load.stack.url("voice-ingest"))

    async def leave(self) -> None:
        for door in (self._chat, self._web, self._voice):
            await door.close()

    async def chat(self) -> None:
        opened = (await self._chat.post("/v1/chat/sessions", {"locale": "id", "name": "Budi"})).json()
        said = self._begin(Said(Channel.CHAT, conversation_id=opened["conversation_id"], token=opened["session_token"]))
        for place in range(CHAT_MESSAGES):
            answer = await self._say(said, secrets.token_hex(8))
            if place == 0:
                said.number = answer.get("reference") or ""
                self._load.wants_answers(said)

    async def _say(self, said: Said, client_id: str) -> dict[str, Any]:
        message = {"client_id": client_id, "text": f"Pesan {client_id}"}
        for _ in range(2 if self._load.twice() else 1):
            answer = await self._chat.post("/v1/chat/messages", message, token=said.token)
        self._load.took(said, client_id)
        found: dict[str, Any] = answer.json()
        return found

    async def form(self) -> None:
        key = secrets.token_hex(16)
        said = self._begin(Said(Channel.WEB, email=f"{key}@peserta.example"))
        filled = {"topic": "incentive.not_paid", "message": f"Laporan {key}", "email": said.email}
        for _ in range(2 if self._load.twice() else 1):
            answer = (await self._web.post(f"/v1/forms/{FORM}/submissions", filled, key=key)).json()
        said.number, said.token = answer["reference"] or "", answer["status_url"].rpartition("/")[2]
        said.conversation_id = _conversation_of(said.token)
        self._load.took(said, FORM_ITSELF)
        self._load.wants_answers(said)
        for _ in range(WEB_MESSAGES):
            await self._add(said)

    async def _add(self, said: Said) -> None:
        key = secrets.token_hex(16)
        for _ in range(2 if self._load.twice() else 1):
            answer = await self._web.post(f"/v1/status/{said.token}/messages", {"text": f"Pesan {key}"}, key=key)
        self._load.took(said, answer.json()["client_id"])

    async def call(self) -> None:
        said = self._begin(Said(Channel.VOICE, phone=f"+62899{next(PHONES) % 10_000_000:07d}"))
        stack = self._load.stack
        caller = Caller(self._voice, stack.url("voice-ingest"), number=said.phone, provider=stack.facts["twilio"])
        said.conversation_id = f"voice:{caller.call_id}"
        said.number = await caller.ask_to_be_called(twice=self._load.twice())
        self._load.took(said, CALL_ITSELF)
        self._load.wants_to_be_called(said)

    def _begin(self, said: Said) -> Said:
        self._load.conversations.append(said)
        return said


async def _listen(handset: Phone) -> list[str]:
    """Wait for a call, hear it to its end, and say so by a key; the answers that were read out.

    Raises:
        TimeoutError: nobody called, or the line went dead before anything was read out.
    """
    await handset.wait_for_ring(within_s=RINGS_WITHIN_S)
    await handset.answer()
    heard = await handset.hear(ANSWER)
    with suppress(TimeoutError):
        await handset.press(NOT_AGAIN)
        await handset.wait_for_end()
    return [heard]


def _conversation_of(status_token: str) -> str:
    """The conversation that a status link names in its readable half."""
    payload = status_token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["c"])
