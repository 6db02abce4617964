"""Step 3, plan: what is to become of each arrival of a batch. Pure.

A key is *parked* once one of its records failed for good: later ones follow it into the dead letters, so that
their order survives. Replayed records of a parked key are let through, unless one before them failed again. The
mark behind them unparks the key, provided that nothing of the key was buried after what has been replayed.
See docs/adr/0008-dead-letters-keep-their-order.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kawal.kafka.record import Arrival, KeyId, Place, Record

T = TypeVar("T")

KEY_PARKED = "key parked"


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked key. Both are offsets in the dead-letter topic.

    Replays of letters before `blocked_until` come after a record that failed again: they stay dead letters.
    `last_letter` is the key's last dead letter.
    """

    blocked_until: int
    last_letter: int


@dataclass(frozen=True, slots=True)
class Burial(Generic[T]):
    """A record that goes to the dead letters: `poison` for its own sake, else because its key is parked."""

    arrival: Arrival[T]
    reason: str
    poison: bool


@dataclass(slots=True)
class Plan(Generic[T]):
    handle: list[Record[T]] = field(default_factory=list)
    bury: list[Burial[T]] = field(default_factory=list)
    unpark: list[KeyId] = field(default_factory=list)


def plan(arrivals: Sequence[Arrival[T]], *, parked: Mapping[KeyId, Parked], faults: Mapping[Place, str]) -> Plan[T]:
    """Sort `arrivals` (in log order) into what is handled and what is buried.

    `faults` are the records that `handle` has refused, with the reason. A record without a key has no order to
    keep, so it parks nothing.
    """
    planner: _Planner[T] = _Planner(parked=parked, faults=faults)
    return planner.plan(arrivals)


class _Planner(Generic[T]):
    def __init__(self, *, parked: Mapping[KeyId, Parked], faults: Mapping[Place, str]) -> None:
        self._parked = parked
        self._faults = faults
        self._failed: set[KeyId] = set()
        self._followed: set[KeyId] = set()
        self._unparked: set[KeyId] = set()

    def plan(self, arrivals: Sequence[Arrival[T]]) -> Plan[T]:
        made: Plan[T] = Plan()
        for arrival in arrivals:
            self._place(arrival, made)
        # A key that failed again after its mark stays parked.
        made.unpark = [key for key in self._unparked if key not in self._failed]
        return made

    def _place(self, arrival: Arrival[T], made: Plan[T]) -> None:
        if arrival.unpark_through is not None:
            self._unpark(arrival.key_id, through=arrival.unpark_through)
        elif self._is_held(arrival):
            self._followed.add(arrival.key_id)
            made.bury.append(Burial(arrival, KEY_PARKED, poison=False))
        elif (fault := arrival.fault or self._faults.get(arrival.place)) is not None:
            self._fail(arrival)
            made.bury.append(Burial(arrival, fault, poison=True))
        elif arrival.record is not None:
            made.handle.append(arrival.record)

    def _fail(self, arrival: Arrival[T]) -> None:
        if arrival.raw.key:
            self._failed.add(arrival.key_id)

    def _is_held(self, arrival: Arrival[T]) -> bool:
        key = arrival.key_id
        if key in self._failed:
            return True
        parked = None if key in self._unparked else self._parked.get(key)
        if parked is None:
            return False
        return arrival.replayed_from is None or arrival.replayed_from < parked.blocked_until

    def _unpark(self, key: KeyId, *, through: int) -> None:
        parked = self._parked.get(key)
        if parked is None or key in self._failed or key in self._followed:
            return
        if parked.last_letter <= through:
            self._unparked.add(key)
