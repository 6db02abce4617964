"""What becomes of each arrival, without a broker."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kawal.contracts.envelope import Envelope
from kawal.kafka.plan import Parked, plan
from kawal.kafka.record import Arrival, Record

ENVELOPE = Envelope(id="1", source="/t", type="t", time=datetime(2026, 1, 1, tzinfo=UTC), partition_key="k")
TOPIC = "events"


@dataclass
class Log:
    """Arrivals in log order."""

    arrivals: list[Arrival[str]] = field(default_factory=list)

    def event(self, key: str, name: str, *, replayed_from: int | None = None) -> "Log":
        raw = self._raw(key)
        record = Record(TOPIC, 0, raw.offset, key.encode(), ENVELOPE, name)
        return self._with(Arrival(raw, record=record, replayed_from=replayed_from))

    def garbage(self, key: str) -> "Log":
        return self._with(Arrival(self._raw(key), fault="garbage"))

    def mark(self, key: str, *, through: int) -> "Log":
        return self._with(Arrival(self._raw(key), unpark_through=through))

    def _with(self, arrival: Arrival[str]) -> "Log":
        self.arrivals.append(arrival)
        return self

    def _raw(self, key: str) -> Any:
        return Raw(TOPIC, 0, len(self.arrivals), 0, key.encode(), b"", ())


@dataclass
class Raw:
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[()]


def planned(log: Log, *, parked=None, refused=()):
    faults = {one.place: "no" for one in log.arrivals if one.record and one.record.data in refused}
    made = plan(log.arrivals, parked={(TOPIC, key.encode()): how for key, how in (parked or {}).items()}, faults=faults)
    handled = [record.data for record in made.handle]
    buried = [(one.arrival.record.data if one.arrival.record else "garbage", one.poison) for one in made.bury]
    return handled, buried, [key.decode() for _, key in made.unpark]


class TestPlan:
    def test_handles_what_is_neither_bad_nor_parked(self):
        assert planned(Log().event("a", "a1").event("b", "b1")) == (["a1", "b1"], [], [])

    def test_later_records_of_a_bad_one_follow_it(self):
        log = Log().event("a", "a1").event("a", "a2").event("b", "b1").event("a", "a3")
        assert planned(log, refused=["a2"]) == (["a1", "b1"], [("a2", True), ("a3", False)], [])

    def test_a_refused_record_behind_a_refused_one_only_follows(self):
        log = Log().event("a", "a1").event("a", "a2")
        assert planned(log, refused=["a1", "a2"]) == ([], [("a1", True), ("a2", False)], [])

    def test_what_cannot_be_decoded_parks_its_key(self):
        assert planned(Log().garbage("a").event("a", "a1")) == ([], [("garbage", True), ("a1", False)], [])

    def test_a_record_without_key_parks_nothing(self):
        assert planned(Log().garbage("").event("", "1")) == (["1"], [("garbage", True)], [])

    def test_a_parked_key_is_buried(self):
        log = Log().event("a", "a2").event("b", "b1")
        assert planned(log, parked={"a": Parked(0, 0)}) == (["b1"], [("a2", False)], [])

    def test_replayed_records_of_a_parked_key_pass(self):
        log = Log().event("a", "a1", replayed_from=5).event("a", "a2", replayed_from=6)
        assert planned(log, parked={"a": Parked(5, 6)}) == (["a1", "a2"], [], [])

    def test_a_mark_behind_the_last_letter_unparks(self):
        log = Log().event("a", "a1", replayed_from=5).mark("a", through=5).event("a", "a2")
        assert planned(log, parked={"a": Parked(5, 5)}) == (["a1", "a2"], [], ["a"])

    def test_a_mark_before_the_last_letter_does_not(self):
        log = Log().mark("a", through=5).event("a", "a3")
        assert planned(log, parked={"a": Parked(5, 6)}) == ([], [("a3", False)], [])

    def test_a_record_that_was_just_buried_keeps_the_key_parked(self):
        log = Log().event("a", "a3").mark("a", through=5).event("a", "a4")
        assert planned(log, parked={"a": Parked(5, 5)}) == ([], [("a3", False), ("a4", False)], [])

    def test_a_replayed_record_that_fails_again_takes_those_behind_it_along(self):
        log = Log().event("a", "a1", replayed_from=5).event("a", "a2", replayed_from=6).mark("a", through=6)
        expected = ([], [("a1", True), ("a2", False)], [])
        assert planned(log, parked={"a": Parked(5, 6)}, refused=["a1"]) == expected

    def test_a_replay_from_before_the_record_that_failed_again_stays_behind_it(self):
        # a1 (letter 5) failed again and is letter 7 now; a2 (letter 6) was replayed after it.
        log = Log().event("a", "a2", replayed_from=6).event("a", "a1", replayed_from=7)
        assert planned(log, parked={"a": Parked(7, 7)}) == (["a1"], [("a2", False)], [])

    def test_a_key_that_fails_after_its_mark_is_parked_anew(self):
        log = Log().mark("a", through=5).event("a", "a6")
        assert planned(log, parked={"a": Parked(5, 5)}, refused=["a6"]) == ([], [("a6", True)], [])

    def test_a_mark_of_a_key_that_is_not_parked_is_nothing(self):
        assert planned(Log().mark("a", through=9).event("a", "a1")) == (["a1"], [], [])
