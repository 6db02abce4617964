"""The ledger notices what it is there for."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.ledger import Ledger, Offence, blame
from chaos.load import Said
from kawal.contracts.words import Channel
from kawal.testing.stack import StackProcess

CONVERSATION = "chat:0001"
Rows = list[dict[str, Any]]


def entry(seq: int, *, shown: int | None = None, kind: str = "message", **fields: Any) -> dict[str, Any]:
    made = {"case_id": "case", "seq": seq, "conversation_seq": shown, "kind": kind, "author": "participant"}
    return made | {"text": "", "client_id": None, "template": None} | fields


def timeline() -> Rows:
    """Two messages, the notice between them, an answer."""
    return [
        entry(1, kind="opened", author="system"),
        entry(2, shown=1, client_id="a"),
        entry(3, shown=2, kind="notice", author="system", template="received"),
        entry(4, shown=3, client_id="b"),
        entry(5, shown=4, author="agent", text="Ya"),
    ]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A stack's state folder with an empty spool."""
    (tmp_path / "spool").mkdir()
    with closing(sqlite3.connect(tmp_path / "spool" / "chat-ingest.sqlite3")) as spool:
        spool.execute("CREATE TABLE message (seq INTEGER, event_id TEXT)")
        spool.execute("CREATE TABLE sent (seq INTEGER)")
    return tmp_path


class NotRunning:
    """All that the checks of a timeline need of a stack."""

    def __init__(self, state: Path) -> None:
        self.state = state


@pytest.fixture
def judged(state: Path) -> Callable[[Rows], Ledger]:
    """The ledger of one conversation, of which this is in the timeline."""

    def judge(rows: Rows) -> Ledger:
        said = Said(Channel.CHAT, conversation_id=CONVERSATION, number="1", accepted=["a", "b"], answers=["Ya"])
        return Ledger(cast("StackProcess", NotRunning(state)), [said], rows={CONVERSATION: rows})

    return judge


def swapped(rows: Rows) -> Rows:
    rows[1]["client_id"], rows[3]["client_id"] = "b", "a"
    return rows


class TestApplied:
    def test_all_well(self, judged: Callable[[Rows], Ledger]) -> None:
        ledger = judged(timeline())
        assert ledger.applied_once_in_order() == []
        assert ledger.answered_once_in_order() == []
        assert ledger.confirmed_once() == []
        assert ledger.one_case_each() == []

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            (timeline()[:3], "missing ['b']"),
            ([*timeline(), entry(6, shown=5, client_id="a")], "too many ['a']"),
            (swapped(timeline()), "order ['b', 'a']"),
            ([], "missing ['a', 'b']"),
        ],
        ids=["lost", "doubled", "swapped", "nothing"],
    )
    def test_not_once_in_order(self, judged: Callable[[Rows], Ledger], rows: Rows, said: str) -> None:
        (offence,) = judged(rows).applied_once_in_order()
        assert said in offence.detail
        assert "2 accepted, 0 spooled" in offence.detail

    def test_answer_lost_or_doubled(self, judged: Callable[[Rows], Ledger]) -> None:
        assert judged(timeline()[:4]).answered_once_in_order()
        assert judged([*timeline(), entry(6, shown=5, author="agent", text="Ya")]).answered_once_in_order()

    def test_told_twice_or_never(self, judged: Callable[[Rows], Ledger]) -> None:
        assert judged([*timeline(), entry(6, kind="notice", template="received")]).confirmed_once()
        assert judged([row for row in timeline() if row["kind"] != "notice"]).confirmed_once()

    def test_two_cases(self, judged: Callable[[Rows], Ledger]) -> None:
        assert judged([*timeline(), entry(1, case_id="another")]).one_case_each()


class TestBlame:
    def test_names_the_first_few(self) -> None:
        many = [Offence("lost", f"chat:{place}", "never seen") for place in range(9)]
        with pytest.raises(AssertionError, match=r"9 offences\nlost: chat:0 never seen") as blamed:
            blame(many)
        assert "chat:8" not in str(blamed.value)
