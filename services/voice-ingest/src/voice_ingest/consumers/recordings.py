"""Fetches recordings from the provider into the vault; the caller was told "received", so none is ever dropped.

Twilio often tells of a recording before it can be downloaded, so waiting is the ordinary case.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kawal.errors import KawalError, PermanentError, TransientError
from kawal.observability.logging import get_logger
from voice_ingest.domain.events import PendingVoicemail
from voice_ingest.domain.ports import DueVoicemail, Recordings, RecordingVault, VoicemailQueue, VoicemailSink

BATCH = 10
MAX_PAUSE = timedelta(minutes=1)
TIDY_EVERY = timedelta(hours=1)

log = get_logger()


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """`first_pause` doubles with each attempt; after `patience`, the caller is called back instead."""

    first_pause: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(hours=6)
    poll: timedelta = timedelta(seconds=5)


class RecordingFetcher:
    def __init__(
        self,
        queue: VoicemailQueue,
        *,
        recordings: Recordings,
        vault: RecordingVault,
        sink: VoicemailSink,
        settings: FetchSettings,
        clock: Callable[[], datetime],
        woken: asyncio.Event,
    ) -> None:
        self._queue = queue
        self._recordings = recordings
        self._vault = vault
        self._sink = sink
        self._settings = settings
        self._clock = clock
        self._woken = woken
        self._tidy_at = clock()

    async def run(self) -> None:
        while True:
            try:
                await self.turn()
                await self._rest()
            except KawalError as refused:
                # The disk: callers are told so, and what waits goes on waiting. Dying would hang up on all of them.
                log.warning("recordings_wait", error=refused)
                await asyncio.sleep(self._settings.poll.total_seconds())

    async def turn(self) -> None:
        """Fetch what is due, a few at a time."""
        now = self._clock()
        for due in await self._queue.due(now=now, limit=BATCH):
            await self._fetch(due)
        if now >= self._tidy_at:
            await self._queue.forget_answers(now=now)
            self._tidy_at = now + TIDY_EVERY

    async def _fetch(self, due: DueVoicemail) -> None:
        pending = due.pending
        try:
            media = await self._recordings.fetch(pending.url)
            recording = await self._vault.put(media.data, media_type=media.media_type, duration_s=pending.duration_s)
            await self._sink.finish_voicemail(pending, recording)
            log.info("voicemail_fetched", event_id=pending.recording_id, attempt=due.attempts + 1)
        except PermanentError as lost:
            await self._give_up(pending, lost)
        except (TransientError, KawalError) as failed:
            if self._clock() - due.accepted_at > self._settings.patience:
                await self._give_up(pending, failed)
            else:
                await self._put_off(due, failed)

    async def _give_up(self, pending: PendingVoicemail, reason: Exception) -> None:
        log.error("voicemail_unplayable", event_id=pending.recording_id, error=reason)
        try:
            await self._sink.give_up_voicemail(pending)
        except KawalError as full:
            log.warning("spool_refused", error=full)
            await self._queue.put_off(pending.recording_id, until=self._clock() + MAX_PAUSE)

    async def _put_off(self, due: DueVoicemail, reason: Exception) -> None:
        pause = min(self._settings.first_pause * 2 ** min(due.attempts, 10), MAX_PAUSE)
        log.info("voicemail_not_ready", event_id=due.pending.recording_id, attempt=due.attempts + 1, error=reason)
        await self._queue.put_off(due.pending.recording_id, until=self._clock() + pause)

    async def _rest(self) -> None:
        """Until something is accepted, or the next one is due."""
        due_at = await self._queue.next_due()
        longest = self._settings.poll.total_seconds()
        pause = longest if due_at is None else min(longest, due_at - self._clock().timestamp())
        try:
            async with asyncio.timeout(max(0.01, pause)):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()
