from typing import Any

import pytest

from core_factories import BUDI, CHAT, PROGRAMME, WEB, Desk, form, identity, message
from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Locale
from kawal.errors import KawalError
from rule_factories import GAPS, MAKER, timeline
from ticket_core.adapters.rule_source import ActsSource
from ticket_core.domain.case import Case
from ticket_core.domain.errors import CaseChangedMeanwhile, ConversationNotFound
from ticket_core.domain.evolve import fold
from ticket_core.domain.inputs import Hold, MergePersons, Resolve, UseMacro
from ticket_core.domain.macros import Macro
from ticket_core.domain.roster import Roster

OTHER_CHAT = "chat:bbbbbbbb"
TEXTS = {Locale.INDONESIAN: "{{participant.name|Anda}}, ini {{agent.name}}", Locale.ENGLISH: "{{agent.name}} here"}


@pytest.fixture
def desk() -> Desk:
    return Desk(policy=PROGRAMME)


@pytest.fixture
def case(desk: Desk) -> Case:
    desk.hear(message("Halo", name="Siti", identities=(identity(),)))
    return desk.cases[0]


def macro(then: dict[str, Any] | None = None, **changes: Any) -> Macro:
    acts = tuple(MAKER.acts(ActsSource.model_validate(then), [], names=())) if then else ()
    return Macro(**{"key": "one", "label": {}, "texts": TEXTS, "acts": acts} | changes)


def use(desk: Desk, given: Macro, **changes: Any) -> Any:
    number = desk.cases[0].number
    return desk.one(UseMacro(number=number, agent=BUDI, macro=given, gaps=GAPS, roster=Roster(), **changes))


def written(desk: Desk) -> list[tuple[str, str]]:
    return [(one.fact.kind, one.text) for one in timeline(desk, desk.cases[0])[3:]]


class TestUse:
    def test_answers_and_does_the_rest_in_the_name_of_the_agent(self, desk: Desk, case: Case) -> None:
        then = {"priority": "high", "state": "resolved", "reason": "fixed", "tags": {"add": ["beres"]}}
        applied = use(desk, macro(then))
        assert written(desk) == [
            ("message", "Siti, ini Budi"),
            ("priority", ""),
            ("tags", ""),
            ("state", ""),
            ("notice", ""),
        ]
        after = desk.cases[0]
        assert (applied.seq, applied.last_seq, applied.state) == (4, 8, CaseState.RESOLVED)
        assert (after.state, after.reason, after.tags) == (CaseState.RESOLVED, "fixed", ("beres",))
        assert {one.author_id for one in timeline(desk, after)[3:7]} == {BUDI.id}
        assert fold(timeline(desk, after)) == after

    def test_all_or_nothing(self, desk: Desk, case: Case) -> None:
        with pytest.raises(KawalError) as refused:
            use(desk, macro({"priority": "high", "fields": {"voucher": "A1"}}))
        assert refused.value.code == "field_not_for_topic"
        assert desk.cases[0] == case

    def test_what_was_changed_is_sent_as_it_is(self, desk: Desk, case: Case) -> None:
        use(desk, macro(), text="Halo {{case.number}}")
        assert written(desk) == [("message", "Halo {{case.number}}")]

    def test_whoever_gave_no_name_is_called_as_the_person_that_he_is(self, desk: Desk, case: Case) -> None:
        desk.hear(message("Kartu hilang", conversation=OTHER_CHAT))
        other = desk.cases[1]
        merge = MergePersons(participant_id=case.participant_id, other_id=other.participant_id, agent=BUDI)
        given = UseMacro(number=other.number, agent=BUDI, macro=macro(), gaps=GAPS, roster=Roster())
        desk.give(merge, given)
        assert timeline(desk, other)[-1].text == "Siti, ini Budi"

    def test_in_the_conversation_that_is_meant_and_its_language(self, desk: Desk, case: Case) -> None:
        desk.hear(form(identities=(identity(),), locale=Locale.ENGLISH))
        use(desk, macro())
        use(desk, macro(), conversation_id=CHAT)
        said = [one for one in timeline(desk, case) if one.author is Author.AGENT]
        assert [(one.conversation_id, one.text) for one in said] == [(WEB, "Budi here"), (CHAT, "Siti, ini Budi")]
        with pytest.raises(ConversationNotFound):
            use(desk, macro(), conversation_id="chat:somebody")

    def test_without_words(self, desk: Desk, case: Case) -> None:
        use(desk, macro({"state": "on_hold", "reason": "bank"}, texts=None))
        assert written(desk) == [("state", "")]
        assert use(desk, macro({"state": "on_hold", "reason": "bank"}, texts=None)).last_seq == 4

    def test_of_a_case_that_is_on_hold_or_resolved(self, desk: Desk, case: Case) -> None:
        desk.give(Hold(number=case.number, agent=BUDI, reason="bank"))
        use(desk, macro({"state": "open"}))
        assert desk.cases[0].state is CaseState.OPEN
        desk.give(Resolve(number=case.number, agent=BUDI))
        use(desk, macro({"state": "open"}))
        assert desk.cases[0].state is CaseState.OPEN

    def test_only_if_nothing_came_in_between(self, desk: Desk, case: Case) -> None:
        desk.hear(message("Lagi"))
        with pytest.raises(CaseChangedMeanwhile):
            use(desk, macro(), only_if=frozenset({case.version}))


class TestIsFor:
    @pytest.mark.parametrize(
        ("topics", "topic", "fits"),
        [
            ((), None, True),
            ((), "account.fraud", True),
            (("account",), "account.fraud", True),
            (("account.fraud",), "account.fraud", True),
            (("account.fraud",), "account.other", False),
            (("account",), None, False),
        ],
    )
    def test_topics_and_groups(self, topics: tuple[str, ...], topic: str | None, *, fits: bool) -> None:
        assert macro(topics=frozenset(topics)).is_for(topic) is fits
