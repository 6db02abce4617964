"""What participants complain about: groups of topics, `programme/topics.yaml`.

A topic's key, `<group>.<topic>`, travels in events and stands in statistics for years: labels may change, keys not.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from kawal.contracts.words import Locale
from kawal.programme.loading import Closed, load_yaml

FILE = "topics.yaml"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Label(Closed):
    """The same words in each language of the programme."""

    id: Words
    en: Words

    def into(self, locale: Locale) -> str:
        return self.id if locale is Locale.INDONESIAN else self.en


class Keywords(Closed):
    """Each is one or more words that name the topic when all of them are said, in whatever order."""

    id: tuple[Words, ...] = ()
    en: tuple[Words, ...] = ()


class ComplaintTopic(Closed):
    """One thing to complain about; `key` is its name within the group."""

    key: Key
    label: Label
    keywords: Keywords = Keywords()


class TopicGroup(Closed):
    key: Key
    label: Label
    topics: Annotated[tuple[ComplaintTopic, ...], Field(min_length=1)]

    def key_of(self, topic: ComplaintTopic) -> str:
        """The key that travels: `registration.otp_not_received`."""
        return f"{self.key}.{topic.key}"


class Topics(Closed):
    """All groups, in the order they are shown."""

    groups: Annotated[tuple[TopicGroup, ...], Field(min_length=1)]

    @classmethod
    def load(cls, programme: Path) -> "Topics":
        """Read `topics.yaml` in the folder `programme`; raises `ProgrammeError`."""
        return load_yaml(programme / FILE, cls)

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[str]:  # type: ignore[override] # keys, as of a mapping, rather than pydantic's fields
        return iter(self._by_key)

    def label(self, key: str, *, locale: Locale) -> str:
        """What a topic is called; its key when it is no longer in the file, for old cases still have it."""
        topic = self._by_key.get(key)
        return topic.label.into(locale) if topic else key

    def keywords(self) -> dict[str, tuple[str, ...]]:
        """What names each topic, in all languages, by the topic's key; those that nothing names are left out."""
        named = {key: (*topic.keywords.id, *topic.keywords.en) for key, topic in self._by_key.items()}
        return {key: keywords for key, keywords in named.items() if keywords}

    @cached_property
    def _by_key(self) -> dict[str, ComplaintTopic]:
        return {group.key_of(topic): topic for group in self.groups for topic in group.topics}

    @model_validator(mode="after")
    def _no_key_twice(self) -> "Topics":
        groups = [group.key for group in self.groups]
        keys = [group.key_of(topic) for group in self.groups for topic in group.topics]
        if twice := sorted({key for key in groups + keys if (groups + keys).count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self
