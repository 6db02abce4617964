"""Are two texts about the same problem? Judged by topics, by numbers, and by words, in this order."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import NamedTuple

from ticket_core.domain.language import Content, Lexicon, coverage, similarity, trigrams

_NUMBERS_DIFFER = 0.5
"""What is left of a similarity when both name numbers, but other ones: batch 48 and batch 51."""
_COVERED = 0.8
"""A short text that is wholly in a long one is nearly the same, not the same."""


class Verdict(Enum):
    """`UNKNOWN`: one of them says too little to judge. `UNSURE`: both say enough, and it is neither."""

    SAME = auto()
    UNKNOWN = auto()
    UNSURE = auto()
    DIFFERENT = auto()


class Judgement(NamedTuple):
    """`score` is how alike the words are, 0 to 1; 1 when a topic or a number decided for `SAME`."""

    verdict: Verdict
    score: float = 0.0


class Problem(NamedTuple):
    """What somebody says it is about: a topic that was chosen, or `None`, and the words."""

    topic: str | None
    content: Content


class TopicWords(NamedTuple):
    """Words that name a topic: each set is enough, if all of it was said."""

    topic: str
    phrases: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How a programme's owner wants contacts matched; `programme/correlation.yaml` and `topics.yaml`.

    `same` and `different` are similarities: from `same` upwards two texts are about one problem, below `different`
    about two, in between an agent is asked. Both texts need `fewest_words` telling words for that. `repeat_within` is
    how long the same words count as sent twice.
    """

    lexicon: Lexicon = field(default_factory=Lexicon)
    topics: tuple[TopicWords, ...] = ()
    same: float = 0.55
    different: float = 0.25
    fewest_words: int = 2
    repeat_within: timedelta = timedelta(hours=24)

    def __post_init__(self) -> None:
        if not 0 <= self.different <= self.same <= 1:
            raise ValueError("0 <= different <= same <= 1")

    def problem(self, topic: str | None, text: str) -> Problem:
        return Problem(topic, self.lexicon.content(text))

    def topic_of(self, content: Content) -> str | None:
        """The topic that the words name, where they name exactly one."""
        named = {one.topic for one in self.topics if any(phrase <= content.words for phrase in one.phrases)}
        return named.pop() if len(named) == 1 else None

    def judge(self, one: Problem, other: Problem) -> Judgement:
        """Whether two contacts of one person are about the same problem.

        Numbers like order ids outweigh everything but two topics that people chose: one in common makes it the same
        problem, and none in common different ones.
        """
        if one.topic and other.topic and one.topic != other.topic:
            return Judgement(Verdict.DIFFERENT)
        if one.content.references and other.content.references:
            common = one.content.references & other.content.references
            return Judgement(Verdict.SAME, 1.0) if common else Judgement(Verdict.DIFFERENT)
        mine = one.topic or self.topic_of(one.content)
        theirs = other.topic or self.topic_of(other.content)
        if mine and theirs and mine != theirs:
            return Judgement(Verdict.DIFFERENT)
        if mine and theirs and (one.topic or other.topic or self._shares(one.content, other.content)):
            return Judgement(Verdict.SAME, 1.0)
        return self._by_words(one.content, other.content)

    def _shares(self, one: Content, other: Content) -> bool:
        """Two topics that nobody chose say the same only of texts that have more in common than that."""
        return self.alike(one, other) >= self.different

    def alike(self, one: Content, other: Content) -> float:
        """How alike the words are, 0 to 1."""
        mine, theirs = trigrams(one.telling), trigrams(other.telling)
        score = max(similarity(mine, theirs), _COVERED * coverage(mine, theirs))
        if one.numbers and other.numbers and not one.numbers & other.numbers:
            return score * _NUMBERS_DIFFER
        return score

    def _by_words(self, one: Content, other: Content) -> Judgement:
        if min(len(one.telling), len(other.telling)) < self.fewest_words:
            return Judgement(Verdict.UNKNOWN)
        score = self.alike(one, other)
        if score >= self.same:
            return Judgement(Verdict.SAME, score)
        # One word alone may be a name, or one that the lexicon does not know.
        told = min(len(one.telling), len(other.telling)) > 1
        return Judgement(Verdict.DIFFERENT if told and score < self.different else Verdict.UNSURE, score)
