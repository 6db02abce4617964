"""The net under the live feed: what a replica's feed has passed over is found in the transcript."""

import asyncio

from chat_ingest.domain.ports import Transcript
from chat_ingest.domain.refusals import TranscriptAway
from chat_ingest.domain.rooms import Rooms
from kawal.observability.logging import get_logger

EVERY_S = 15.0
AT_ONCE = 1_000

log = get_logger()


class TranscriptSweep:
    """Looks now and then how far the open conversations go.

    Without it a message that was sent out while no replica read the live feed (all were restarting), and was written
    down by another replica after the participant had reconnected, would be seen with the next message only.
    """

    def __init__(self, transcript: Transcript, *, rooms: Rooms, every_s: float = EVERY_S) -> None:
        self._transcript = transcript
        self._rooms = rooms
        self._every_s = every_s

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.sweep()
            except TranscriptAway:
                log.warning("sweep_skipped", reason="transcript_away")

    async def sweep(self) -> None:
        """Tell every reader how far its conversation goes; raises `TranscriptAway`."""
        conversations = self._rooms.conversations
        for start in range(0, len(conversations), AT_ONCE):
            heads = await self._transcript.heads(conversations[start : start + AT_ONCE])
            for conversation_id, seq in heads.items():
                self._rooms.expect(conversation_id, seq=seq)
