import json
import random
from pathlib import Path

import pytest

from kawal.contracts.words import Locale
from kawal.programme.topics import Topics
from kawal_bench.demo.calls import Menus
from kawal_bench.demo.desk import answer_to, answers
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.running import NothingRuns, RunningStack
from kawal_bench.demo.visitors import Visitors

PROGRAMME = Path(__file__).parents[2] / "programme"


class TestRunningStack:
    def test_nothing_runs(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAWAL_STATE", str(tmp_path))

        with pytest.raises(NothingRuns, match="make run"):
            RunningStack.find()

    def test_half_written(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAWAL_STATE", str(tmp_path))
        (tmp_path / "run.json").write_text("{")

        with pytest.raises(NothingRuns, match="cannot be read"):
            RunningStack.find()

    def test_found(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAWAL_STATE", str(tmp_path))
        facts = {"services": {"chat-ingest": {"url": "http://127.0.0.1:8101"}}}
        (tmp_path / "run.json").write_text(json.dumps(facts))

        assert RunningStack.find().url("chat-ingest") == "http://127.0.0.1:8101"


class TestMenus:
    @pytest.mark.parametrize(
        ("topic", "keys"),
        [("training.certificate_missing", ["2", "3"]), ("account.other", ["0"]), ("selection.blocked", ["0"])],
    )
    def test_keys_to(self, topic, keys):
        assert list(Menus.load(PROGRAMME).keys_to(topic)) == keys


class TestAnswerTo:
    def test_every_group_has_answers_in_both_languages(self):
        groups = {topic.partition(".")[0] for topic in Topics.load(PROGRAMME)}

        assert groups <= answers().keys()
        assert all(answers()[group][locale] for group in groups for locale in Locale)

    def test_in_the_language_of_the_last_conversation(self):
        case = {
            "topic": None,
            "participant_name": "Sari Wulandari",
            "conversations": [{"locale": "id"}, {"locale": "en"}],
        }

        assert answer_to(case, pace=Pace(random.Random(1))) in answers()["other"][Locale.ENGLISH]


class TestVisitors:
    def case(self, *, conversation="chat:a", channel="chat", number="4829130574", aliases=()):
        return {
            "number": number,
            "aliases": list(aliases),
            "conversations": [{"id": conversation, "channel": channel}],
        }

    def test_a_chat(self):
        visitors = Visitors(conversations={"chat:a"})

        assert visitors.opened(self.case())
        assert not visitors.opened(self.case(conversation="chat:b"))

    def test_a_receipt_for_a_case_that_was_there(self):
        visitors = Visitors(numbers={"4829130574"})

        assert visitors.opened(self.case(number="0003771593", aliases=["4829130574"]))
        assert not visitors.opened(self.case(number="0003771593"))

    def test_no_receipt(self):
        visitors = Visitors()
        visitors.have_number(None)

        assert visitors.numbers == set()

    @pytest.mark.parametrize(
        ("channel", "phone", "theirs"),
        [
            ("voice", "+62899000", True),
            ("voice", "+62811000", False),
            ("chat", "+62899000", False),
        ],
    )
    def test_a_call(self, channel, phone, theirs):
        visitors = Visitors(phones={"+62899000"})
        caller = {"identities": [{"kind": "phone", "value": phone}]}

        assert visitors.have_called(self.case(channel=channel), caller) is theirs
