import re
import shutil
from pathlib import Path

import pytest

from core_factories import NOW
from kawal.contracts.words import Channel
from kawal.programme import ProgrammeError
from ticket_core.adapters.routing_files import RoutingFile, check
from ticket_core.domain.errors import UnknownSkill, UnknownTeam
from ticket_core.domain.profiles import Profile
from ticket_core.domain.routing import Waiting

PROGRAMME = Path(__file__).parents[4] / "programme"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    for name in ("routing.yaml", "topics.yaml"):
        shutil.copy(PROGRAMME / name, tmp_path)
    return tmp_path


def change(programme: Path, pattern: str, by: str) -> None:
    file = programme / "routing.yaml"
    changed = re.sub(pattern, by, file.read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert changed != file.read_text("utf-8")
    file.write_text(changed, "utf-8")


class TestLoad:
    def test_the_file_that_comes_with_it(self) -> None:
        rules = RoutingFile.load(PROGRAMME).rules
        of_a_group = rules.needs(Waiting("1", NOW, Channel.CHAT, topic="incentive.not_paid"), now=NOW)
        of_a_topic = rules.needs(Waiting("1", NOW, Channel.CHAT, topic="account.fraud"), now=NOW)
        assert of_a_group.teams == {"payments"}
        assert of_a_topic.skills == {"fraud"}

    @pytest.mark.parametrize(
        ("pattern", "by", "problem"),
        [
            (r"topics: \[incentive\]", "topics: [incentives]", "topics.yaml has no incentives"),
            (r"chat: 2, voice: 5", "voice: 5", "`weights` says nothing of chat"),
            (r"^capacity: 10 ", "capacity: 4 ", "`capacity` must be at least 5"),
            (r"low: -240, ", "", "`head_start_minutes` says nothing of low"),
            (r"offline_after_minutes: 15", "offline_after_minutes: 1", "must not come before"),
            (r"key: training", "key: payments", "there twice: payments"),
            (r"^sticky_hours", "sticky_days", "sticky_days"),
        ],
    )
    def test_says_what_is_wrong(self, programme: Path, pattern: str, by: str, problem: str) -> None:
        change(programme, pattern, by)
        with pytest.raises(ProgrammeError, match=re.escape(problem)):
            check(programme)


class TestRequireKnown:
    def test_skills_and_teams_of_the_file_only(self) -> None:
        file = RoutingFile.load(PROGRAMME)
        file.require_known(Profile(skills=frozenset({"fraud"}), teams=frozenset({"payments"})))
        with pytest.raises(UnknownSkill, match="flying"):
            file.require_known(Profile(skills=frozenset({"flying"})))
        with pytest.raises(UnknownTeam, match="pilots"):
            file.require_known(Profile(teams=frozenset({"pilots"})))
