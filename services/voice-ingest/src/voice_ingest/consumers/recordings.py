"""Moves recordings from the provider into the vault; the caller was told "received", so none is given up lightly.

Twilio often tells of a recording before it can be downloaded, so waiting is the ordinary case.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kawal.errors import KawalError, PermanentError, TransientError
from kawal.observability.logging import get_logger
from voice_ingest.domain.events import PendingVoicemail
from voice_ingest.domain.ports import DueVoicemail, Recordings, RecordingVault, VoicemailQueue, VoicemailSink

BATCH = 10
MAX_PAUSE = timedelta(minutes=1)
LATE_PAUSE = timedelta(hours=1)
TIDY_EVERY = timedelta(hours=1)

log = get_logger()


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """`first_pause` doubles with each attempt. After `patience`, the caller is called back.

    The recording is still asked for now and then, until it is as old as `kept`: an outage may outlast a working day.
    """

    first_pause: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(hours=6)
    kept: timedelta = timedelta(days=30)
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
            if pending.recording is None:
                pending = await self._into_vault(pending)
            if pending.recording is not None and not pending.told:
                pending = await self._sink.tell_voicemail(pending, pending.recording)
                log.info("voicemail_fetched", event_id=pending.recording_id, attempt=due.attempts + 1)
            await self._recordings.delete(pending.url)
            await self._queue.done(pending)
        except PermanentError as lost:
            await self._give_up(pending, lost)
        except (TransientError, KawalError) as failed:
            await self._wait(replace(due, pending=pending), failed)

    async def _into_vault(self, pending: PendingVoicemail) -> PendingVoicemail:
        """Noted at once: what fails afterwards must not fetch it again. A crash before that leaves no second copy."""
        media = await self._recordings.fetch(pending.url)
        recording = await self._vault.put(
            media.data, media_type=media.media_type, duration_s=pending.duration_s, once=pending.recording_id
        )
        vaulted = pending.model_copy(update={"recording": recording})
        await self._queue.update(vaulted)
        return vaulted

    async def _give_up(self, pending: PendingVoicemail, reason: Exception) -> None:
        if pending.told or await self._called_back(pending, reason):
            await self._queue.done(pending)
        else:
            await self._queue.put_off(pending.recording_id, until=self._clock() + MAX_PAUSE)

    async def _wait(self, due: DueVoicemail, reason: Exception) -> None:
        pending, age = due.pending, self._clock() - due.accepted_at
        late = pending.recording is None and age > self._settings.patience
        unhurried = pending.told or (late and await self._called_back(pending, reason))
        if unhurried and age > self._settings.kept:
            await self._queue.done(pending)
            return
        pause = LATE_PAUSE if unhurried else min(self._settings.first_pause * 2 ** min(due.attempts, 10), MAX_PAUSE)
        log.info("voicemail_not_ready", event_id=pending.recording_id, attempt=due.attempts + 1, error=reason)
        await self._queue.put_off(pending.recording_id, until=self._clock() + pause)

    async def _called_back(self, pending: PendingVoicemail, reason: Exception) -> bool:
        """Whether the caller is to be called back, as of now or before."""
        if pending.called_back:
            return True
        log.error("voicemail_unplayable", event_id=pending.recording_id, error=reason)
        try:
            await self._sink.call_back(pending)
        except KawalError as full:
            log.warning("spool_refused", error=full)
            return False
        return True

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
