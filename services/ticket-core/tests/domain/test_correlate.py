from datetime import timedelta
from pathlib import Path

from core_factories import NOW
from kawal.contracts.case_events import CaseState
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.domain.case import Case
from ticket_core.domain.correlate import Placement, correlate
from ticket_core.domain.policy import Policy

POLICY = Policy(reopen_within=timedelta(days=7), close_after=timedelta(days=14))


def case(name: str, *, topic: str | None = None, state: CaseState = CaseState.OPEN, days_ago: float = 1) -> Case:
    at = NOW - timedelta(days=days_ago)
    ended = state in (CaseState.RESOLVED, CaseState.CLOSED)
    return Case(name, name, "p", at, at, state=state, topic=topic, resolved_at=at if ended else None)


def place(*cases: Case, topic: str | None = None, current: Case | None = None) -> Placement:
    return correlate(topic, current=current, cases=cases, policy=POLICY, now=NOW)


class TestCorrelate:
    def test_a_first_contact_opens_a_case(self) -> None:
        assert place() == Placement()

    def test_the_conversations_active_case_whatever_the_topic(self) -> None:
        current = case("a", topic="payment")
        assert place(current, case("b", topic="account"), topic="account", current=current).joins == current

    def test_an_active_case_with_the_same_topic(self) -> None:
        wanted = case("a", topic="payment", days_ago=5)
        assert place(wanted, case("b", topic="account"), topic="payment").joins == wanted

    def test_no_topic_said_the_most_recent_active_case(self) -> None:
        recent = case("a", topic="payment", days_ago=1)
        assert place(recent, case("b", topic="account", days_ago=2)).joins == recent

    def test_the_cases_topic_is_unknown(self) -> None:
        unknown = case("a")
        assert place(unknown, case("b", topic="account"), topic="payment").joins == unknown

    def test_the_same_topic_before_an_unknown_one(self) -> None:
        same = case("a", topic="payment", days_ago=9)
        assert place(same, case("b"), topic="payment").joins == same

    def test_another_topic_opens_a_case(self) -> None:
        assert place(case("a", topic="payment"), topic="account") == Placement()

    def test_a_resolved_case_is_reopened_within_the_days(self) -> None:
        resolved = case("a", state=CaseState.RESOLVED, days_ago=7)
        assert place(resolved, current=resolved).joins == resolved

    def test_a_new_conversation_reopens_it_as_well(self) -> None:
        resolved = case("a", topic="payment", state=CaseState.RESOLVED, days_ago=6)
        assert place(resolved, topic="payment").joins == resolved

    def test_afterwards_a_follow_up(self) -> None:
        resolved = case("a", state=CaseState.RESOLVED, days_ago=7.01)
        assert place(resolved, current=resolved) == Placement(follow_up_of="a")

    def test_a_closed_case_is_followed_up(self) -> None:
        closed = case("a", state=CaseState.CLOSED)
        assert place(closed, current=closed) == Placement(follow_up_of="a")

    def test_a_resolved_case_of_another_problem_is_left_alone(self) -> None:
        assert place(case("a", topic="payment", state=CaseState.RESOLVED), topic="account") == Placement()

    def test_an_active_case_before_a_resolved_one(self) -> None:
        resolved = case("a", topic="payment", state=CaseState.RESOLVED)
        active = case("b", topic="payment", days_ago=3)
        assert place(resolved, active, topic="payment", current=resolved).joins == active

    def test_the_conversation_says_the_topic_when_the_contact_does_not(self) -> None:
        resolved = case("a", topic="payment", state=CaseState.RESOLVED)
        assert place(resolved, case("b", topic="account"), current=resolved).joins == resolved

    def test_the_conversations_own_case_before_a_later_one(self) -> None:
        own = case("a", state=CaseState.RESOLVED, days_ago=3)
        later = case("b", state=CaseState.RESOLVED, days_ago=1)
        assert place(own, later, current=own).joins == own

    def test_without_a_time_of_resolution_nothing_is_reopened(self) -> None:
        broken = case("a", state=CaseState.RESOLVED)._replace(resolved_at=None)
        assert place(broken, current=broken) == Placement(follow_up_of="a")

    def test_an_answer_in_its_conversation_reopens_it_though_it_says_little(self) -> None:
        programme = Policy(matching=load_matching(Path(__file__).parents[4] / "programme"))
        resolved = case("a", state=CaseState.RESOLVED)._replace(gist="Sertifikat saya belum keluar.")
        answer = "Masih belum bisa diunduh."
        here = correlate(None, text=answer, current=resolved, cases=[resolved], policy=programme, now=NOW)
        elsewhere = correlate(None, text=answer, current=None, cases=[resolved], policy=programme, now=NOW)
        assert (here.joins, elsewhere.joins) == (resolved, None)
