"""The processing trail of recordings: who heard what, when (UU PDP 27/2022; promise 7)."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from ticket_core.store.store import new_id
from ticket_core.store.tables import recording_accesses
from ticket_core.store.views import RecordingView


class RecordingAccesses:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, recording: RecordingView, *, agent_id: str, at: datetime) -> None:
        """Write down an access; done before the first byte is given out."""
        row = {
            "id": new_id(),
            "at": at,
            "agent_id": agent_id,
            "case_id": recording.case_id,
            "seq": recording.seq,
            "vault_ref": recording.vault_ref,
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(recording_accesses).values(row))
