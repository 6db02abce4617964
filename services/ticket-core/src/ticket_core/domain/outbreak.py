"""Many people, one problem: which cases of late look as if they had one cause?

Only suggests. An incident is made by an agent, who sees the words that speak for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ticket_core.domain.matching import Matching, Problem

MOST_WORDS = 5


class Reported(NamedTuple):
    """A case, whose it is, when it was opened and what it is about."""

    case_id: str
    participant_id: str
    at: datetime
    problem: Problem


class Outbreak(NamedTuple):
    """Cases that may have one cause, since the first. `words` are in at least half of them, the commonest first."""

    case_ids: tuple[str, ...]
    people: int
    topic: str | None
    words: tuple[str, ...]
    since: datetime


@dataclass(slots=True)
class _Group:
    """Reports that are alike, each of them like the first."""

    reports: list[Reported] = field(default_factory=list)

    @property
    def people(self) -> int:
        return len({report.participant_id for report in self.reports})


def outbreaks(
    reports: Iterable[Reported], *, matching: Matching, within: timedelta, least_people: int, now: datetime
) -> list[Outbreak]:
    """Groups of like cases of at least `least_people` persons, opened at most `within` ago; the largest first.

    How often one person complains does not count. One topic is not enough, or the commonest topic would always be an
    incident: the words must be alike as well. Order ids do not matter, they are each person's own.
    """
    groups: list[_Group] = []
    for report in sorted(reports, key=lambda one: (one.at, one.case_id)):
        if now - report.at <= within and report.problem.content.telling:
            _join(groups, report, matching)
    found = [_outbreak(group, matching) for group in groups if group.people >= least_people]
    return sorted(found, key=lambda one: (-one.people, one.since, one.case_ids))


def common_words(reports: Sequence[Reported]) -> tuple[str, ...]:
    """Up to `MOST_WORDS` that at least half of them say, the commonest first."""
    counted = Counter(word for report in reports for word in report.problem.content.telling)
    common = sorted((-count, word) for word, count in counted.items() if 2 * count >= len(reports))
    return tuple(word for _, word in common[:MOST_WORDS])


def _join(groups: list[_Group], report: Reported, matching: Matching) -> None:
    likeness = [_likeness(group.reports[0].problem, report.problem, matching) for group in groups]
    best = max(range(len(groups)), key=lambda at: likeness[at], default=None)
    if best is None or not likeness[best]:
        groups.append(_Group([report]))
    else:
        groups[best].reports.append(report)


def _likeness(one: Problem, other: Problem, matching: Matching) -> float:
    """How alike two people's problems are; 0 when not alike enough to have one cause."""
    mine, theirs = _topic(one, matching), _topic(other, matching)
    if mine and theirs and mine != theirs:
        return 0.0
    alike = matching.alike(one.content, other.content)
    needed = (matching.same + matching.different) / 2 if mine and theirs else matching.same
    return alike if alike >= needed else 0.0


def _topic(problem: Problem, matching: Matching) -> str | None:
    return problem.topic or matching.topic_of(problem.content)


def _outbreak(group: _Group, matching: Matching) -> Outbreak:
    reports = group.reports
    topics = Counter(topic for report in reports if (topic := _topic(report.problem, matching)))
    return Outbreak(
        case_ids=tuple(report.case_id for report in reports),
        people=group.people,
        topic=max(sorted(topics), key=lambda topic: topics[topic], default=None),
        words=common_words(reports),
        since=reports[0].at,
    )
