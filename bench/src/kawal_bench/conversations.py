"""Lifelike participants and what they write, the same for the demo and for every benchmark.

Everything follows from a seed: the same seed gives the same people saying the same things.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from kawal.contracts.words import Channel, Locale

# The reference programme's published day (24 May 2021): 41,000 chats, 23,000 mails (here: forms), 2,100 calls.
CHANNEL_WEIGHTS = {Channel.CHAT: 41_000, Channel.WEB: 23_000, Channel.VOICE: 2_100}
ENGLISH_SHARE = 0.06
SAME_PERSON_AGAIN = 0.15
"""How often a contact is by somebody who was there before, maybe on another channel."""

FIRST_NAMES = ("Sari", "Budi", "Dewi", "Agus", "Putri", "Rizky", "Ayu", "Joko", "Fitri", "Hendra", "Made", "Yohana",
               "Ucok", "Siti", "Bayu", "Lestari", "Wayan", "Nurul", "Ikhsan", "Maria")  # fmt: skip
LAST_NAMES = ("Wulandari", "Santoso", "Hidayat", "Siregar", "Pratama", "Nugroho", "Saputra", "Rahmawati", "Tanjung",
              "Simanjuntak", "Kusuma", "Wijaya", "Lubis", "Mahendra", "Permata", "Halim")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up participant; numbers lie in ranges that no operator gives out."""

    number: str
    name: str
    phone: str
    email: str
    locale: Locale


@dataclass(frozen=True, slots=True)
class Contact:
    """One person coming through one door with one problem, saying `lines` one after the other."""

    person: Person
    channel: Channel
    topic: str
    lines: tuple[str, ...]


def contacts(seed: int, *, weights: Mapping[Channel, int] = CHANNEL_WEIGHTS) -> Iterator[Contact]:
    """An endless stream of contacts; `weights` say how the channels share them."""
    rng = random.Random(seed)
    known: list[Person] = []
    while True:
        if known and rng.random() < SAME_PERSON_AGAIN:
            person = rng.choice(known)
        else:
            person = _person(rng, len(known))
            known.append(person)
        yield _contact(rng, person, weights)


def _person(rng: random.Random, index: int) -> Person:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    serial = rng.randrange(10_000_000)
    return Person(
        number=f"KP{serial:09d}{index % 1000:03d}",
        name=f"{first} {last}",
        phone=f"+62899{serial:07d}",
        email=f"{first}.{last}.{serial}@example.org".lower(),
        locale=Locale.ENGLISH if rng.random() < ENGLISH_SHARE else Locale.INDONESIAN,
    )


def topics() -> tuple[str, ...]:
    """The topics of complaint that people here write about."""
    return tuple(_scripts())


def _contact(rng: random.Random, person: Person, weights: Mapping[Channel, int]) -> Contact:
    channel = rng.choices(tuple(weights), weights=tuple(weights.values()))[0]
    topic = rng.choice(topics())
    lines = rng.choice(_scripts()[topic][person.locale])
    number = str(rng.randrange(2, 60))
    return Contact(
        person=person,
        channel=channel,
        topic=topic,
        lines=tuple(line.replace("{n}", number) for line in lines),
    )


@cache
def _scripts() -> dict[str, dict[str, list[list[str]]]]:
    text = files("kawal_bench").joinpath("conversations.yaml").read_text(encoding="utf-8")
    scripts: dict[str, dict[str, list[list[str]]]] = yaml.safe_load(text)
    return scripts
