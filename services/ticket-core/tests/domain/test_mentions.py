import pytest

from ticket_core.domain.case import Agent
from ticket_core.domain.mentions import mentioned

AGENTS = [
    Agent("1", "Budi"),
    Agent("2", "Dewi Lestari"),
    Agent("3", "Dewi Sartika"),
    Agent("4", "Siti Nur'aini"),
    Agent("5", "Agus"),
    Agent("6", "Agus"),
]


class TestMentioned:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            ("@Budi tolong cek", ("1",)),
            ("tolong cek, @budi.", ("1",)),
            ("(@BUDI)", ("1",)),
            ("@Dewi Lestari dan @Dewi Sartika", ("2", "3")),
            ("@Siti bisa? @Siti Nur'aini?", ("4",)),
            ("@Budi, lalu @siti, lalu @Budi", ("1", "4")),
        ],
    )
    def test_by_name(self, text: str, ids: tuple[str, ...]) -> None:
        assert mentioned(text, agents=AGENTS) == ids

    @pytest.mark.parametrize(
        "text",
        ["Budi", "@Budiman", "x@Budi", "siti@budi.id", "@ Budi", "@@Budi", "@Dewi", "@Agus", "@Nobody", "@", ""],
    )
    def test_nobody(self, text: str) -> None:
        assert mentioned(text, agents=AGENTS) == ()
