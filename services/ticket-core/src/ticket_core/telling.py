"""What waiting chats hear of their place in the queue.

Who was told what is kept in memory only: after a restart, or by another replica, a place is told once more. It is no
entry of the timeline: nobody asks later who was fourth at noon.
"""

from collections.abc import Iterable
from datetime import datetime

from kawal.contracts.case_events import QueueMoved
from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.topics import CASE_EVENTS
from kawal.contracts.words import Channel
from ticket_core.domain.queueing import Place, Told, minutes, worth_telling
from ticket_core.store.events import SOURCE
from ticket_core.store.queue import InQueue


class Telling:
    def __init__(self) -> None:
        self._told: dict[str, Told] = {}
        self._known: dict[str, InQueue] = {}

    def news(self, queue: dict[str, InQueue], places: Iterable[Place], *, now: datetime) -> list[KafkaMessage]:
        """What is to be told now: places that changed, and 0 to those who have none any more."""
        found: list[KafkaMessage] = []
        current = {one.case_id: one for one in places if queue[one.case_id].waiting.channel is Channel.CHAT}
        for case_id in self._told.keys() - current.keys():
            del self._told[case_id]
            found.append(_message(self._known.pop(case_id), position=0, wait=None, now=now))
        for case_id, place in current.items():
            if worth_telling(self._told.get(case_id), place, now=now):
                self._told[case_id] = Told(place, now)
                self._known[case_id] = queue[case_id]
                found.append(_message(queue[case_id], position=place.position, wait=minutes(place.wait), now=now))
        return found


def _message(one: InQueue, *, position: int, wait: int | None, now: datetime) -> KafkaMessage:
    case_id = one.waiting.case_id
    event = QueueMoved(
        case_id=case_id,
        case_number=one.number,
        seq=one.last_seq,
        at=now,
        conversation_id=one.conversation_id,
        position=position,
        wait_minutes=wait,
    )
    envelope = Envelope(
        id=f"{case_id}/queue/{int(now.timestamp())}/{position}/{wait}",
        source=SOURCE,
        type=f"kawal.case.{event.kind}.v1",
        time=now,
        partition_key=case_id,
    )
    return envelope.message(topic=CASE_EVENTS.name, data=event.model_dump_json(exclude_none=True).encode())
