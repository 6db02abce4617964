import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kawal.contracts.words import Channel
from kawal.programme import ProgrammeError
from ticket_core.adapters.sla_files import check, load_sla
from ticket_core.domain.clocks import ClockKind
from ticket_core.domain.entries import Priority

PROGRAMME = Path(__file__).parents[4] / "programme"
CHAT, WEB, NORMAL, URGENT = Channel.CHAT, Channel.WEB, Priority.NORMAL, Priority.URGENT


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    for name in ("sla.yaml", "calendars.yaml", "topics.yaml"):
        shutil.copy(PROGRAMME / name, tmp_path)
    return tmp_path


def change(programme: Path, pattern: str, by: str) -> None:
    file = programme / "sla.yaml"
    changed = re.sub(pattern, by, file.read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert changed != file.read_text("utf-8")
    file.write_text(changed, "utf-8")


class TestLoad:
    def test_the_file_that_comes_with_it(self) -> None:
        terms = load_sla(PROGRAMME).policy(None, CHAT, NORMAL).terms[ClockKind.FIRST_RESPONSE]
        assert (terms.policy, terms.target, terms.warn_after) == (
            "chat",
            timedelta(minutes=5),
            timedelta(minutes=3, seconds=45),
        )

    @pytest.mark.parametrize(
        ("topic", "channel", "priority", "key"),
        [
            (None, WEB, NORMAL, "usual"),
            ("training.cannot_buy", CHAT, NORMAL, "chat"),
            ("training.cannot_buy", CHAT, URGENT, "urgent_chat"),
            ("training.cannot_buy", WEB, URGENT, "urgent"),
            ("account.fraud", CHAT, URGENT, "fraud"),
            ("not in the file", WEB, NORMAL, "usual"),
        ],
    )
    def test_the_closest_policy_holds(self, topic: str | None, channel: Channel, priority: Priority, key: str) -> None:
        assert load_sla(PROGRAMME).policy(topic, channel, priority).key == key

    def test_a_topic_comes_before_its_group(self, programme: Path) -> None:
        change(programme, r"key: urgent$", "key: urgent\n    topics: [account]")
        policies = load_sla(programme)
        assert policies.policy("account.fraud", WEB, URGENT).key == "fraud"
        assert policies.policy("account.other", WEB, URGENT).key == "urgent"

    @pytest.mark.parametrize(
        ("written", "minutes"), [("30 min", 30), ("3 h", 180), ("1 h 30 min", 90), ("90min", 90), ("1h30min", 90)]
    )
    def test_amounts(self, programme: Path, written: str, minutes: int) -> None:
        change(programme, r"first_response: 4 h", f"first_response: {written}")
        terms = load_sla(programme).policy(None, WEB, NORMAL).terms
        assert terms[ClockKind.FIRST_RESPONSE].target == timedelta(minutes=minutes)

    def test_what_is_left_out_is_not_promised(self, programme: Path) -> None:
        change(programme, r"^ +first_response: 4 h\n", "")
        terms = load_sla(programme).policy(None, WEB, NORMAL).terms[ClockKind.FIRST_RESPONSE]
        assert (terms.target, terms.warn_after) == (None, None)

    @pytest.mark.parametrize(
        ("pattern", "by", "problem"),
        [
            ("first_response: 4 h", "first_response: 4 days", "policies.0.first_response: .*write `30 min`, `4 h`"),
            ("first_response: 4 h", "first_response: 0 h", "write `30 min`"),
            ("first_response: 4 h", "first_response: 4", "write `30 min`"),
            ("first_response: 4 h", "first_answer: 4 h", "first_answer: Extra inputs"),
            (r"topics: \[account.fraud\]", "topics: [account.nothing]", "topics.yaml has no account.nothing"),
            ("calendar: hotline", "calendar: night", "calendars.yaml has no night"),
            ("channels: .chat.", "channels: [fax]", "channels.0: Input should be"),
            ("key: hotline", "key: chat", "there twice: chat"),
            (r"channels: \[voice\]", "channels: [voice, chat]", "chat and hotline fit the same cases equally closely"),
            (r"key: usual", "key: usual\n    channels: [sms]", "no policy is for all the rest"),
            ("resolution: 27 h", "resolution: 9999 h", "longer than two years, as its calendar is open: usual"),
            ("warn_after_percent: 75", "warn_after_percent: 100", "warn_after_percent: .*less than or equal to 99"),
        ],
    )
    def test_says_what_is_wrong(self, programme: Path, pattern: str, by: str, problem: str) -> None:
        change(programme, pattern, by)
        with pytest.raises(ProgrammeError, match=problem):
            check(programme)
