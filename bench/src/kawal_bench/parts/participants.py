"""Participants who write: sessions, windows and words for the loads, from the lifelike generator."""

import asyncio
import itertools
from collections.abc import Callable, Iterator

from kawal.contracts.words import Channel
from kawal_bench.clients.raw_chat import RawChat, ignore
from kawal_bench.clients.raw_http import RawHttp
from kawal_bench.conversations import Contact, contacts

SIGNING_UP_AT_ONCE = 16


def chat_contacts(seed: int) -> Iterator[Contact]:
    return (contact for contact in contacts(seed) if contact.channel is Channel.CHAT)


def lines(seed: int) -> Iterator[str]:
    """What participants write, one line after the other, without an end."""
    return itertools.chain.from_iterable(contact.lines for contact in contacts(seed))


async def new_session(http: RawHttp, contact: Contact) -> str:
    """A session as the widget opens it for an anonymous visitor with a name; its token."""
    body = {"locale": str(contact.person.locale), "name": contact.person.name}
    token: str = (await http.post("/v1/chat/sessions", body, expect=201)).json()["session_token"]
    return token


async def write(http: RawHttp, token: str, text: str, *, client_id: str) -> None:
    """A message by the HTTP door; returns when it is accepted."""
    await http.post("/v1/chat/messages", {"client_id": client_id, "text": text}, token=token, expect=202)


async def conversations(url: str, *, count: int, seed: int) -> list[str]:
    """The tokens of `count` conversations, each begun with a message."""
    people = chat_contacts(seed)
    wanted = [next(people) for _ in range(count)]

    async def begin(http: RawHttp, contact: Contact) -> str:
        token = await new_session(http, contact)
        await write(http, token, contact.lines[0], client_id="first")
        return token

    waiting, tokens = iter(wanted), list[str]()

    async def worker() -> None:
        http = await RawHttp.connect(url)
        for contact in waiting:
            token = await begin(http, contact)
            tokens.append(token)
        http.close()

    await asyncio.gather(*(worker() for _ in range(SIGNING_UP_AT_ONCE)))
    return tokens


async def windows(url: str, tokens: list[str], *, on_message: Callable[[bytes], None] = ignore) -> list[RawChat]:
    """An open window for each token."""
    gate = asyncio.Semaphore(SIGNING_UP_AT_ONCE)

    async def one(token: str) -> RawChat:
        async with gate:
            return await RawChat.connect(url, token, on_message=on_message)

    return await asyncio.gather(*(one(token) for token in tokens))
