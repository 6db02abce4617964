"""How fast people are. Everything follows from the seed; only what the stack itself takes does not."""

import asyncio
import random
from dataclasses import dataclass

BETWEEN_CONTACTS_S = 3.0
TYPED_PER_S = 9.0
THINKING_S = (0.8, 3.0)
LISTENING_S = (0.5, 1.5)
AGENT_READS_S = (4.0, 15.0)


@dataclass(frozen=True, slots=True)
class Pace:
    rng: random.Random

    async def next_contact(self) -> None:
        """Contacts come at random: often two together, then none for a while."""
        await asyncio.sleep(self.rng.expovariate(1 / BETWEEN_CONTACTS_S))

    async def typing(self, text: str) -> None:
        await asyncio.sleep(self.rng.uniform(*THINKING_S) + len(text) / TYPED_PER_S)

    async def listening(self) -> None:
        await asyncio.sleep(self.rng.uniform(*LISTENING_S))

    async def reading(self) -> None:
        """An agent opens a case, reads it and thinks."""
        await asyncio.sleep(self.rng.uniform(*AGENT_READS_S))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability
