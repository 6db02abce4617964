"""Macros: what agents say and do again and again, in their own name."""

from collections.abc import Mapping
from dataclasses import dataclass

from kawal.contracts.words import Locale
from ticket_core.domain.acts import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """`texts` are the answer, which may have placeholders; without any, it only does its `acts`.

    `topics` are keys of topics or groups that it is meant for; none: for all.
    """

    key: str
    label: Mapping[Locale, str]
    topics: frozenset[str] = frozenset()
    texts: Mapping[Locale, str] | None = None
    acts: tuple[Act, ...] = ()

    def is_for(self, topic: str | None) -> bool:
        if not self.topics:
            return True
        return topic is not None and (topic in self.topics or topic.partition(".")[0] in self.topics)
