import pytest

from chat_factories import CONVERSATION, outbound, place
from chat_ingest.domain.refusals import TooManySockets
from chat_ingest.domain.rooms import PLACES, RECENT, Rooms
from kawal.contracts.outbound import OutboundMessage, OutboundQueue


class Listener:
    def __init__(self) -> None:
        self.heard: list[int | str] = []

    def offer(self, message: OutboundMessage) -> None:
        self.heard.append(message.seq)

    def expect(self, seq: int) -> None:
        self.heard.append(f"up to {seq}")

    def place(self, place: OutboundQueue) -> None:
        self.heard.append(f"place {place.position}")

    def read_elsewhere(self, seq: int) -> None:
        self.heard.append(f"read {seq}")


class TestRooms:
    def test_publish_reaches_those_who_joined(self) -> None:
        rooms, here, elsewhere = Rooms(per_conversation=2), Listener(), Listener()
        rooms.join(CONVERSATION, here)
        rooms.join("chat:somebody-else", elsewhere)
        rooms.publish(outbound(1))
        assert (here.heard, elsewhere.heard) == ([1], [])

    def test_read_is_told_to_the_others(self) -> None:
        rooms, phone, laptop = Rooms(per_conversation=2), Listener(), Listener()
        rooms.join(CONVERSATION, phone)
        rooms.join(CONVERSATION, laptop)
        rooms.read(CONVERSATION, seq=3, by=phone)
        assert (phone.heard, laptop.heard) == ([], ["read 3"])

    def test_place_is_told_to_who_is_there_and_who_comes(self) -> None:
        rooms, here, late = Rooms(per_conversation=2), Listener(), Listener()
        rooms.join(CONVERSATION, here)
        rooms.place(place(3))
        rooms.place(place(2))
        rooms.join(CONVERSATION, late)
        assert (here.heard, late.heard) == (["place 3", "place 2"], ["place 2"])

    def test_place_that_is_over_is_told_to_nobody_who_comes(self) -> None:
        rooms, here, late = Rooms(per_conversation=2), Listener(), Listener()
        rooms.join(CONVERSATION, here)
        rooms.place(place(1))
        rooms.place(place(0))
        rooms.join(CONVERSATION, late)
        assert (here.heard, late.heard) == (["place 1", "place 0"], [])

    def test_remembers_so_many_places(self) -> None:
        rooms, first, last = Rooms(per_conversation=1), Listener(), Listener()
        for index in range(PLACES + 1):
            rooms.place(place(1, conversation_id=f"chat:{index:08d}"))
        rooms.join("chat:00000000", first)
        rooms.join(f"chat:{PLACES:08d}", last)
        assert (first.heard, last.heard) == ([], ["place 1"])

    def test_full(self) -> None:
        rooms = Rooms(per_conversation=1)
        rooms.join(CONVERSATION, Listener())
        with pytest.raises(TooManySockets):
            rooms.join(CONVERSATION, Listener())

    def test_leave_makes_room(self) -> None:
        rooms, first = Rooms(per_conversation=1), Listener()
        rooms.join(CONVERSATION, first)
        rooms.leave(CONVERSATION, first)
        rooms.leave(CONVERSATION, first)
        rooms.join(CONVERSATION, Listener())
        rooms.publish(outbound(1))
        assert first.heard == []

    def test_who_joins_hears_what_came_lately(self) -> None:
        rooms, late = Rooms(per_conversation=1), Listener()
        rooms.publish(outbound(1))
        rooms.join(CONVERSATION, late)
        assert late.heard == [1]

    def test_forgets_what_is_not_recent(self) -> None:
        rooms, late = Rooms(per_conversation=1), Listener()
        for seq in range(1, RECENT + 2):
            rooms.publish(outbound(seq))
        rooms.publish(outbound(1, conversation_id="chat:somebody-else"))
        rooms.join(CONVERSATION, late)
        assert late.heard == list(range(3, RECENT + 2))
