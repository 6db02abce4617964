"""Which of a person's cases is a contact about?"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kawal import case_numbers
from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case
from ticket_core.domain.fingerprint import fingerprint, heard_before
from ticket_core.domain.matching import Judgement, Problem, Verdict
from ticket_core.domain.policy import Policy

MOST_COMPARED = 20
"""With how many cases of one person a contact is compared: those that were active last."""

_NUMBER = re.compile(r"(?<!\d)\d(?:[ .-]?\d){9}(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Similar:
    """An active case that may be about the same problem; `score` is how alike the words are, 0 to 1."""

    case: Case
    score: float


@dataclass(frozen=True, slots=True)
class Placement:
    """`joins` is the case to go on with, or `None` for a new one, which then continues `follow_up_of`.

    `repeats` is the entry of `joins` that said the same words shortly before. `similar` is for an agent to decide on.
    """

    joins: Case | None = None
    follow_up_of: str | None = None
    repeats: int | None = None
    similar: Similar | None = None


class _Judged(NamedTuple):
    case: Case
    judgement: Judgement


def correlate(
    topic: str | None, *, text: str = "", current: Case | None, cases: Collection[Case], policy: Policy, now: datetime
) -> Placement:
    """Place a contact about `topic` (`None`: nobody said) that says `text`, in a conversation about `current` so far.

    `cases` are those of the participant that may go on: active, resolved, and the last one whatever its state.
    In this order: the conversation's own active case; the case whose number is named; the one in which the same was
    said shortly before; an active case about the same problem; a resolved one, while the policy lets a message reopen
    it; otherwise a new case, as a follow-up of what came before. Whoever says too little to tell goes on with what was
    active last; whoever says enough, but nothing that is clearly the same, gets a new case.
    """
    wanted = fingerprint(text) if text else None
    if current and current.active:
        return Placement(current, repeats=_repeated(current, wanted, policy=policy, now=now))
    if not cases:
        return Placement()
    going_on = [case for case in cases if case.active or _reopens(case, policy=policy, now=now)]
    resumed = _named(text, going_on) or _sent_twice(topic, wanted, going_on, policy=policy, now=now)
    if resumed is not None:
        return resumed
    judged = _judged(topic, text, current, cases, policy=policy)
    active = [one for one in judged if one.case.active]
    same = _same_problem(active)
    if same:
        return Placement(same)
    ended = _answered(current, judged) or _same_problem((one for one in judged if not one.case.active), first=current)
    if ended and _reopens(ended, policy=policy, now=now):
        return Placement(ended)
    return Placement(follow_up_of=ended.id if ended else None, similar=_similar(active))


def numbers_in(text: str) -> set[str]:
    """The case numbers that somebody wrote, as plain digits."""
    found = {re.sub(r"\D", "", number) for number in _NUMBER.findall(text)}
    return {number for number in found if case_numbers.is_valid(number)}


def _named(text: str, cases: Iterable[Case]) -> Placement | None:
    """The case whose number the participant wrote, however he wrote it."""
    numbers = numbers_in(text)
    for case in cases if numbers else ():
        if case.number in numbers or numbers.intersection(case.aliases):
            return Placement(case)
    return None


def _sent_twice(
    topic: str | None, wanted: str | None, cases: Iterable[Case], *, policy: Policy, now: datetime
) -> Placement | None:
    for case in _latest_first(cases):
        # Who chose two topics for the same words means two things.
        if topic and case.topic and topic != case.topic:
            continue
        repeats = _repeated(case, wanted, policy=policy, now=now)
        if repeats is not None:
            return Placement(case, repeats=repeats)
    return None


def _repeated(case: Case, wanted: str | None, *, policy: Policy, now: datetime) -> int | None:
    if wanted is None:
        return None
    return heard_before(case.heard, wanted, within=policy.matching.repeat_within, now=now)


def _judged(
    topic: str | None, text: str, current: Case | None, cases: Collection[Case], *, policy: Policy
) -> list[_Judged]:
    matching = policy.matching
    said = matching.problem(topic, text)
    if topic is None and current is not None and matching.topic_of(said.content) is None:
        said = Problem(current.topic, said.content)
    compared = _latest_first(cases)[:MOST_COMPARED]
    return [_Judged(case, matching.judge(said, matching.problem(case.topic, case.gist))) for case in compared]


def _same_problem(judged: Iterable[_Judged], *, first: Case | None = None) -> Case | None:
    """The case about the same problem, else one of which that is not known: `first`, or the one active last."""
    found = list(judged)
    same = [one for one in found if one.judgement.verdict is Verdict.SAME]
    alike = same or [one for one in found if one.judgement.verdict is Verdict.UNKNOWN]
    if first is not None and any(one.case is first for one in alike):
        return first
    best = max(alike, key=lambda one: (one.judgement.score, *_activity(one.case)), default=None)
    return best.case if best else None


def _answered(current: Case | None, judged: Iterable[_Judged]) -> Case | None:
    """Whoever writes on where he was told "if it is not solved, reply here" means that, unless it is clearly not so."""
    for one in judged:
        if one.case is current and one.judgement.verdict is not Verdict.DIFFERENT:
            return current
    return None


def _similar(judged: Iterable[_Judged]) -> Similar | None:
    unsure = [Similar(one.case, one.judgement.score) for one in judged if one.judgement.verdict is Verdict.UNSURE]
    return max(unsure, key=lambda one: (one.score, *_activity(one.case)), default=None)


def _latest_first(cases: Iterable[Case]) -> list[Case]:
    return sorted(cases, key=_activity, reverse=True)


def _activity(case: Case) -> tuple[datetime, str]:
    return case.activity_at, case.id


def _reopens(case: Case, *, policy: Policy, now: datetime) -> bool:
    if case.state is not CaseState.RESOLVED or case.resolved_at is None:
        return False
    return now - case.resolved_at <= policy.reopen_within
