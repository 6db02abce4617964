"""`programme/correlation.yaml`, with the keywords of `topics.yaml`, as the domain's `Matching`."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from kawal.programme import ProgrammeError, Topics, load_yaml
from kawal.programme.loading import Closed
from ticket_core.domain.language import Lexicon
from ticket_core.domain.matching import Matching, TopicWords

FILE = "correlation.yaml"

Word = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,40}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Similarity(Closed):
    same: Share
    different: Share
    fewest_words: Annotated[int, Field(ge=1, le=20)]

    @model_validator(mode="after")
    def _in_order(self) -> "Similarity":
        if self.different > self.same:
            raise ValueError("`different` must not be above `same`")
        return self


class CorrelationFile(Closed):
    """The file as its owner writes it. A word stands for one thing only."""

    repeat_within_hours: Annotated[float, Field(ge=0, le=24 * 90)]
    similarity: Similarity
    words: dict[Word, tuple[Word, ...]]
    silent: tuple[Word, ...]
    weak: tuple[Word, ...]

    @model_validator(mode="after")
    def _each_word_once(self) -> "CorrelationFile":
        counted = Counter([*self.words, *(other for others in self.words.values() for other in others), *self.silent])
        if twice := sorted(word for word, count in counted.items() if count > 1):
            raise ValueError(f"there twice: {', '.join(twice)}")
        return self


def load_matching(programme: Path) -> Matching:
    """Read both files in the folder `programme`.

    Raises:
        ProgrammeError: one cannot be used, or a keyword says nothing.
    """
    file = load_yaml(programme / FILE, CorrelationFile)
    canonical = {other: word for word, others in file.words.items() for other in others}
    topics = Topics.load(programme).keywords()
    spelt = frozenset(word for keywords in topics.values() for keyword in keywords for word in keyword.split())
    lexicon = Lexicon(
        canonical=canonical,
        silent=frozenset(file.silent),
        weak=frozenset(file.weak),
        known=frozenset(file.words) | (spelt - canonical.keys() - set(file.silent)),
    )
    return Matching(
        lexicon=lexicon,
        topics=_topic_words(programme, lexicon, topics),
        same=file.similarity.same,
        different=file.similarity.different,
        fewest_words=file.similarity.fewest_words,
        repeat_within=timedelta(hours=file.repeat_within_hours),
    )


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load_matching(programme)


def _topic_words(programme: Path, lexicon: Lexicon, topics: dict[str, tuple[str, ...]]) -> tuple[TopicWords, ...]:
    found = {topic: tuple(lexicon.content(keyword).words for keyword in keywords) for topic, keywords in topics.items()}
    # A set without telling words is in every text.
    empty = [
        f"the keyword {keyword!r} of {topic} has no telling word"
        for topic, keywords in topics.items()
        for keyword, words in zip(keywords, found[topic], strict=True)
        if not words - lexicon.weak
    ]
    if empty:
        raise ProgrammeError(programme / FILE, *empty)
    return tuple(TopicWords(topic, phrases) for topic, phrases in found.items())
