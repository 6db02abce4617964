"""A little automatic agent: sees what comes in on the event stream, answers some, resolves some."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import httpx
import yaml

from kawal.case_numbers import display
from kawal.contracts.words import Locale
from kawal_bench.clients.agent import AgentClient, Item
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.running import RunningStack
from kawal_bench.demo.telling import Tell
from kawal_bench.demo.visitors import Visitors

ANSWERS, TAKES, RESOLVES = 0.75, 0.5, 0.4
CONTRIBUTIONS = frozenset({"message", "form", "voicemail", "callback"})
OTHER = "other"


class NotSignedIn(Exception):
    """The console did not take the agent's password of `run.json`."""


@asynccontextmanager
async def signed_in(stack: RunningStack) -> AsyncIterator[httpx.AsyncClient]:
    """ticket-core as the agent of `run.json` uses it: with the console's session cookie."""
    url = stack.url("ticket-core")
    email, password = stack.agent
    async with httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False, timeout=15) as client:
        answer = await client.post("/console/sign-in", data={"email": email, "password": password})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise NotSignedIn(f"the console answered {answer.status_code}")
        yield client


@dataclass(slots=True)
class AutomaticAgent:
    """`run` works until it is cancelled. It answers `visitors` only: whoever tries it out has cases of his own."""

    agent: AgentClient
    client: httpx.AsyncClient
    pace: Pace
    tell: Tell
    visitors: Visitors
    _taken: set[str] = field(default_factory=set)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            async for _, entry in self.agent.events():
                if self._is_for_me(entry):
                    self._taken.add(entry["number"])
                    tasks.create_task(self._work(entry["number"]))

    def _is_for_me(self, entry: Item) -> bool:
        spoken = entry["author"] == "participant" and entry["kind"] in CONTRIBUTIONS
        return spoken and entry["number"] not in self._taken and self.pace.chance(ANSWERS)

    async def _work(self, number: str) -> None:
        """Read, answer, and perhaps resolve; what somebody else did to the case meanwhile is no harm."""
        try:
            await self.pace.reading()
            case = await self.agent.case(number)
            if not await self._is_theirs(case):
                self._taken.discard(number)
                return
            await self._answer(case)
            if self.pace.chance(RESOLVES):
                await self.pace.reading()
                await self.agent.resolve(number)
                self.tell("agent", display(number), "resolved")
        except httpx.HTTPStatusError as refused:
            self.tell("agent", display(number), f"refused with {refused.response.status_code}")

    async def _is_theirs(self, case: Item) -> bool:
        return self.visitors.opened(case) or self.visitors.have_called(
            case, await self.agent.participant(case["participant_id"])
        )

    async def _answer(self, case: Item) -> None:
        number = case["number"]
        if self.pace.chance(TAKES):
            await self.client.post(f"/v1/cases/{number}/assign", json={"assignee_id": "me"})
        text = answer_to(case, pace=self.pace)
        await self.agent.reply(number, text)
        self.tell("agent", display(number), f"answers: “{text}”")


def answer_to(case: Item, *, pace: Pace) -> str:
    """An answer in the participant's language, fit for the case's topic."""
    group = (case["topic"] or OTHER).partition(".")[0]
    locale = Locale(case["conversations"][-1]["locale"])
    known = answers()
    text: str = pace.rng.choice(known.get(group, known[OTHER])[locale])
    return text.replace("{name}", (case["participant_name"] or "").partition(" ")[0])


@cache
def answers() -> dict[str, Any]:
    text = files("kawal_bench.demo").joinpath("answers.yaml").read_text(encoding="utf-8")
    known: dict[str, Any] = yaml.safe_load(text)
    return known
