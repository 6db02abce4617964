"""What is kept with a case is read whichever version has written it: ADR 24."""

import json
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from core_factories import NOW
from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Channel
from ticket_core.domain.case import Away, Link, Merged, Origin, Ties
from ticket_core.domain.clocks import Clock, Clocks
from ticket_core.domain.kinds import Relation
from ticket_core.store import rows

MERGED = Merged("m", CaseState.OPEN, None, None, None, NOW)
TIES = Ties((Link(Relation.PARENT, "p"),), (Away("a", "1234567890", (2, 3), ("chat:1",)),), Origin("o", back=True))
CLOCKS = Clocks(resolution=Clock("normal", Channel.CHAT, NOW, NOW))


class TestNewer:
    @pytest.mark.parametrize(
        ("name", "document"),
        [
            ("merged", ["m", "open", None, None, None, NOW.isoformat(), {"dreams": 1}]),
            (
                "ties",
                {
                    "links": [["parent", "p", "dreams"]],
                    "away": [["a", "1234567890", [2, 3], ["chat:1"], False, "dreams"]],
                    "origin": ["o", True, 7],
                    "dreams": [],
                },
            ),
            (
                "clocks",
                [None, None, ["normal", "chat", NOW.isoformat(), NOW.isoformat(), "PT0S", None, "running", None, None,
                              False, False, "dreams"], ["dreams"]],
            ),
        ],
    )  # fmt: skip
    def test_what_it_adds_is_passed_over(self, name: str, document: Any) -> None:
        known = {"merged": rows._MERGED, "ties": rows._TIES_OF, "clocks": rows._CLOCKS}[name]
        assert known.read(json.dumps(document)) == {"merged": MERGED, "ties": TIES, "clocks": CLOCKS}[name]

    def test_what_is_no_such_thing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="links"):
            rows._TIES_OF.read('{"links": [["dreams", "p"]]}')


class TestMembers:
    """Whoever adds one here has read ADR 24: what is new is set by nobody before one release has known it."""

    @pytest.mark.parametrize(
        ("kind", "members"),
        [
            (Ties, "links away origin"),
            (Link, "relation case_id"),
            (Away, "case_id number seqs conversations woke"),
            (Origin, "case_id back"),
            (Merged, "into_id state reason resolved_at close_at waiting_since"),
            (Clocks, "first_response next_response resolution"),
            (Clock, "policy channel begun_at as_of used target state due_at warn_at warned breached"),
        ],
    )
    def test_are_those_that_the_release_before_knows(self, kind: Any, members: str) -> None:
        known = [one.name for one in fields(kind)] if is_dataclass(kind) else list(kind._fields)
        assert known == members.split()
