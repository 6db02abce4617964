from collections import Counter
from itertools import islice
from pathlib import Path

from kawal.contracts.words import Channel, Locale
from kawal.programme.topics import Topics
from kawal_bench.conversations import contacts, topics

PROGRAMME = Path(__file__).parents[2] / "programme"


class TestContacts:
    def test_same_seed_same_people(self):
        assert list(islice(contacts(7), 200)) == list(islice(contacts(7), 200))

    def test_other_seed_other_people(self):
        assert list(islice(contacts(7), 20)) != list(islice(contacts(8), 20))

    def test_people_come_again(self):
        seen = Counter(contact.person.number for contact in islice(contacts(1), 1_000))

        assert 0.75 < len(seen) / 1_000 < 0.95

    def test_everybody_says_something_in_some_language(self):
        made = list(islice(contacts(3), 500))

        assert all(contact.lines and all(contact.lines) for contact in made)
        assert {contact.person.locale for contact in made} == set(Locale)
        assert not any("{n}" in line for contact in made for line in contact.lines)

    def test_weights_decide_on_the_channels(self):
        made = islice(contacts(3, weights={Channel.VOICE: 1}), 20)

        assert {contact.channel for contact in made} == {Channel.VOICE}


class TestTopics:
    def test_programme_knows_them_all(self):
        known = set(Topics.load(PROGRAMME))

        assert set(topics()) <= known
