import random
from itertools import islice

from kawal.case_numbers import is_valid
from kawal.contracts.envelope import Envelope
from kawal.contracts.interactions import interaction_adapter
from kawal_bench.core.interactions import messages, threads
from ticket_core.domain.numbers import NumberSpace

COUNT = 3_000


def made(seed: int = 5):
    numbers = list(NumberSpace("x" * 32).numbers(start=0, count=COUNT))
    return messages(seed, count=COUNT, numbers=numbers, old_cases=100)


class TestMessages:
    def test_same_seed_same_events(self):
        first, second = made(), made()

        assert [message.key for message in first] == [message.key for message in second]
        assert ids(first) == ids(second)

    def test_no_event_comes_twice(self):
        assert len(set(ids(made()))) == COUNT

    def test_contract_takes_them(self):
        for message in made():
            data = interaction_adapter.validate_json(message.value)
            assert data.reference is None or is_valid(data.reference)


class TestThreads:
    def test_some_go_on_with_old_cases(self):
        begun = islice(threads(5, random.Random(5), old_cases=100), 1_000)
        old = [thread for thread in begun if thread.conversation_id.startswith("chat:seed")]

        assert 20 < len(old) < 150


def ids(sent):
    return [Envelope.from_headers(message.headers).id for message in sent]
