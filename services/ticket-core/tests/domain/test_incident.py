from typing import Any

import pytest

from core_factories import BUDI, WEB, Desk, form, message
from kawal.contracts.case_events import MessageAdded
from kawal.contracts.case_events import case_event_adapter as events
from kawal.contracts.words import Locale
from ticket_core.domain.errors import CaseClosed, InAnotherIncident, NotInIncident
from ticket_core.domain.inputs import JoinIncident, LeaveIncident, Reply, Resolve, TellUpdate, TimerFired, TimerKind
from ticket_core.store.events import case_event

TITLE = {"id": "Situs mati", "en": "The site is down"}
TEXTS = {"id": "Sudah pulih", "en": "It is back"}


def asked(number: str, incident: str = "i1") -> dict[str, Any]:
    return {"number": number, "agent": BUDI, "incident_id": incident}


def join(desk: Desk, number: str, incident: str = "i1") -> None:
    desk.one(JoinIncident(**asked(number, incident), title=TITLE))


def tell(desk: Desk, number: str, update: int = 1, incident: str = "i1") -> None:
    desk.one(TellUpdate(**asked(number, incident), update=update, texts=TEXTS))


def texts(desk: Desk, case_id: str) -> list[str]:
    told = [one.entry for one in desk.world.changed.recorded if one.entry.case_id == case_id]
    return [entry.text for entry in told if entry.fact.kind == "update"]


class TestJoin:
    def test_is_in_the_timeline_with_who_did_it(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        assert desk.cases[0].incident_id == "i1"
        entry = desk.world.changed.recorded[-1].entry
        assert (entry.fact.kind, entry.author_name, entry.conversation_seq) == ("incident", BUDI.name, None)

    def test_twice_is_once(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        join(desk, case.number)
        assert desk.kinds(case.case_id).count("incident") == 1

    def test_has_one_cause(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        with pytest.raises(InAnotherIncident):
            join(desk, case.number, "i2")
        desk.one(LeaveIncident(**asked(case.number), title=TITLE))
        join(desk, case.number, "i2")
        assert desk.cases[0].incident_id == "i2"

    def test_not_when_it_is_closed(self) -> None:
        desk = Desk()
        case = desk.hear()
        desk.one(Resolve(number=case.number, agent=BUDI))
        desk.pass_time(days=20)
        desk.give(TimerFired(case.case_id, TimerKind.CLOSE, desk.now))
        with pytest.raises(CaseClosed):
            join(desk, case.number)

    def test_leaves_only_what_it_is_in(self) -> None:
        desk = Desk()
        case = desk.hear()
        with pytest.raises(NotInIncident):
            desk.one(LeaveIncident(**asked(case.number), title=TITLE))


class TestTell:
    @pytest.mark.parametrize("locale", list(Locale))
    def test_on_his_channel_in_his_language(self, locale: Locale) -> None:
        desk = Desk()
        case = desk.hear(form(conversation=WEB, locale=locale))
        join(desk, case.number)
        tell(desk, case.number)
        event = events.validate_json(case_event(desk.world.changed.recorded[-1]).value or b"")
        assert isinstance(event, MessageAdded)
        assert (event.text, event.locale, event.author) == (TEXTS[locale], locale, "agent")
        assert (event.conversation.conversation_id, event.conversation.channel) == (WEB, "web")

    def test_each_update_once(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        for update in (1, 1, 2, 1, 2):
            tell(desk, case.number, update)
        assert texts(desk, case.case_id) == [TEXTS["id"]] * 2

    def test_not_again_after_it_left_and_came_back(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        tell(desk, case.number)
        desk.one(LeaveIncident(**asked(case.number), title=TITLE))
        with pytest.raises(NotInIncident):
            tell(desk, case.number, 2)
        join(desk, case.number)
        tell(desk, case.number)
        assert len(texts(desk, case.case_id)) == 1

    def test_of_another_incident(self) -> None:
        desk = Desk()
        case = desk.hear()
        join(desk, case.number)
        tell(desk, case.number, 3)
        desk.one(LeaveIncident(**asked(case.number), title=TITLE))
        join(desk, case.number, "i2")
        tell(desk, case.number, 1, "i2")
        assert len(texts(desk, case.case_id)) == 2

    def test_answers_nobodys_question(self) -> None:
        desk = Desk()
        case = desk.hear(message("Kapan pulih?", at=desk.now))
        join(desk, case.number)
        tell(desk, case.number)
        assert (desk.cases[0].waiting_since, desk.cases[0].state) == (desk.now, "new")
        desk.one(Reply(number=case.number, agent=BUDI, text="Besok"))
        assert desk.cases[0].waiting_since is None
