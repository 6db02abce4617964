from datetime import timedelta
from typing import Any

import pytest

from core_factories import BUDI, DEWI, NOW, PROGRAMME, Desk, form, message
from kawal.contracts.words import Locale
from rule_factories import MAKER, occasion, rule, source, timeline
from ticket_core.domain.case import Case
from ticket_core.domain.conditions import Checked, failed
from ticket_core.domain.inputs import Assign, ChangeTags, Hold, Prioritise, Resolve, SetFields
from ticket_core.domain.kinds import Priority
from ticket_core.domain.occasions import Occasion
from ticket_core.domain.roster import Member, Roster

ROSTER = Roster([Member(BUDI, "budi@example.id", frozenset({"payments"}))])


@pytest.fixture
def desk() -> Desk:
    return Desk(policy=PROGRAMME)


@pytest.fixture
def case(desk: Desk) -> Case:
    """About fraud, opened by chat in English; tagged, urgent, Budi's."""
    desk.hear(message("Ada PENIPUAN, min!", topic="account.fraud", locale=Locale.ENGLISH))
    number = desk.cases[0].number
    desk.give(
        ChangeTags(number=number, agent=BUDI, add=("vip",)),
        Prioritise(number=number, agent=BUDI, priority=Priority.URGENT),
        Assign(number=number, agent=DEWI, assignee=BUDI),
        SetFields(number=number, agent=BUDI, values={"amount": 1, "sure": True}),
    )
    return desk.cases[0]


def met(desk: Desk, written: dict[str, Any], *, seq: int = 2, when: str = "contact") -> bool:
    """Whether it holds at an entry of the only case, by the quick way and by the explained one."""
    condition = rule(when=[when], if_=written).condition
    (case,) = desk.cases
    about = occasion(desk, timeline(desk, case)[seq - 1], roster=ROSTER)
    explained = condition.explain(case, about)
    assert explained.met == condition.holds(case, about)
    assert explained.met == (failed(explained) == [])
    return explained.met


@pytest.mark.usefixtures("case")
class TestHolds:
    @pytest.mark.parametrize(
        ("written", "other"),
        [
            ({"channel": ["chat", "voice"]}, {"channel": ["web"]}),
            ({"topic": ["account.fraud"]}, {"topic": ["payment"]}),
            ({"topic": ["account"]}, {"topic": ["none"]}),
            ({"state": ["new"]}, {"state": ["open"]}),
            ({"priority": ["urgent"]}, {"priority": ["low", "normal"]}),
            ({"tags": ["VIP", "other"]}, {"tags": ["none"]}),
            ({"assignee": ["Budi@example.id"]}, {"assignee": ["dewi@example.id"]}),
            ({"assignee": ["anybody"]}, {"assignee": ["none"]}),
            ({"team": ["payments"]}, {"team": ["none"]}),
            ({"language": ["en"]}, {"language": ["id"]}),
            ({"author": ["participant"]}, {"author": ["agent", "rule"]}),
            ({"words": ["tidak ada", "penipuan ada"]}, {"words": ["penipuan besar"]}),
            ({"fields": {"amount": [1, 2]}}, {"fields": {"amount": [2]}}),
            ({"fields": {"remark": [None]}}, {"fields": {"sure": [False]}}),
            ({"since": {"what": "opened", "at_most_hours": 1}}, {"since": {"what": "opened", "at_least_hours": 1}}),
            ({"since": {"what": "waiting", "at_least_hours": 0}}, {"since": {"what": "resolved", "at_least_hours": 0}}),
            ({"not": {"state": ["open"]}}, {"not": {"state": ["new"]}}),
            ({"any": [{"state": ["open"]}, {"language": ["en"]}]}, {"any": [{"state": ["open"]}]}),
            ({"all": [{"state": ["new"]}, {"language": ["en"]}]}, {"all": [{"state": ["new"]}, {"tags": ["a"]}]}),
            ({"state": ["new"], "language": ["en"]}, {"state": ["new"], "language": ["id"]}),
        ],
    )
    def test_what_is_so_and_not_what_is_not(self, desk: Desk, written: Any, other: Any) -> None:
        assert met(desk, written)
        assert not met(desk, other)

    def test_a_number_is_no_yes(self, desk: Desk) -> None:
        condition = rule(if_={"fields": {"sure": [True]}}).condition
        (case,) = desk.cases
        about = occasion(desk, timeline(desk, case)[1])
        assert condition.holds(case, about)
        assert not condition.holds(case._replace(fields=(("sure", 1),)), about)

    def test_an_opened_case_by_what_it_was_opened_with(self, desk: Desk) -> None:
        assert met(desk, {"words": ["penipuan"]}, seq=1, when="opened")

    def test_without_a_channel_of_its_own_where_the_participant_spoke_last(self, desk: Desk) -> None:
        assert met(desk, {"channel": ["chat"]}, seq=4, when="tags")

    def test_other_spellings(self, desk: Desk) -> None:
        desk.hear(message("gak jelas"))
        assert met(desk, {"words": ["tidak jelas"]}, seq=8)

    def test_what_the_entry_says_of_itself(self, desk: Desk) -> None:
        assert met(desk, {"entry": {"priority": ["urgent"]}}, seq=5, when="priority")
        assert not met(desk, {"entry": {"priority": ["low"]}}, seq=5, when="priority")
        assert met(desk, {"entry": {"assignee_name": ["Budi"]}}, seq=6, when="assigned")


class TestTimes:
    @pytest.mark.parametrize(("hour", "open_"), [(7, False), (8, True), (11, True), (12, False)])
    def test_by_the_calendar_at_the_entry(self, desk: Desk, hour: int, *, open_: bool) -> None:
        desk.now = NOW.replace(hour=hour)
        desk.hear(message("Halo", at=desk.now))
        desk.pass_time(hours=24)
        assert met(desk, {"hours": {"calendar": "mornings", "open": open_}})
        assert not met(desk, {"hours": {"calendar": "mornings", "open": not open_}})

    def test_business_time_since(self, desk: Desk) -> None:
        desk.now = NOW.replace(hour=11)
        desk.hear(message("Halo", at=desk.now))
        desk.pass_time(hours=22)
        desk.hear(message("Lagi", at=desk.now))
        assert met(desk, {"since": {"what": "waiting", "at_least_hours": 22, "at_most_hours": 22}}, seq=4)
        within = {"what": "waiting", "at_least_hours": 2, "at_most_hours": 2, "calendar": "mornings"}
        assert met(desk, {"since": within}, seq=4)

    def test_since_it_was_resolved(self, desk: Desk) -> None:
        desk.hear(message("Halo"))
        desk.give(Resolve(number=desk.cases[0].number, agent=BUDI))
        entries = timeline(desk, desk.cases[0])
        state = next(entry.seq for entry in entries if entry.fact.kind == "state")
        assert met(desk, {"since": {"what": "resolved", "at_most_hours": 0}}, seq=state, when="state")


class TestExplained:
    def test_says_which_condition_failed_and_why(self, desk: Desk) -> None:
        desk.hear(form(topic="payment"))
        desk.give(Hold(number=desk.cases[0].number, agent=BUDI, reason="bank"))
        written = {
            "topic": ["payment"],
            "any": [{"state": ["new"]}, {"not": {"channel": ["web"]}}],
            "all": [{"priority": ["normal"]}, {"assignee": ["anybody"]}],
        }
        (case,) = desk.cases
        condition = rule(if_=written).condition
        checked = condition.explain(case, occasion(desk, timeline(desk, case)[1]))
        assert failed(checked) == [
            Checked("assignee", ["anybody"], ["none"], False, []),
            Checked("state", ["new"], ["on_hold"], False, []),
            Checked("not", [], [], False, [Checked("channel", ["web"], ["web"], True, [])]),
        ]

    def test_a_time_in_hours(self, desk: Desk) -> None:
        desk.hear(message())
        (case,) = desk.cases
        condition = MAKER.rule(source(if_={"since": {"what": "opened", "at_least_hours": 1.5}})).condition
        later = timeline(desk, case)[1]._replace(at=NOW + timedelta(minutes=30))
        about = Occasion(entry=later)
        assert condition.explain(case, about) == Checked("since.opened", ["≥1.50 h"], ["0.50 h"], False, [])


class TestOccasion:
    def test_events(self, desk: Desk) -> None:
        desk.hear(message())
        (case,) = desk.cases
        number = case.number
        desk.give(Resolve(number=number, agent=BUDI))
        desk.hear(message("Masih sama, belum beres", at=desk.now))
        found = [sorted(occasion(desk, entry).events) for entry in timeline(desk, case)]
        assert found[:2] == [["opened"], ["contact", "message"]]
        assert found[3] == ["state"]
        assert found[5] == ["contact", "message", "state"]
