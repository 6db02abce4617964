"""The consumer: poll, decode, plan, handle, commit; one file for each step.

    Poll.batch -> arrival() -> Handler.process (plan, handle, bury) -> Committer

One batch is in hand at a time. While it takes long (a slow handler, a dependency that is away) the partitions are
paused and polling goes on, so that the group keeps us. The client is thrown away and replaced when it fails or
goes silent; records in hand are let go then, and come again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiokafka.errors import KafkaError

from kawal.backoff import Backoff
from kawal.contracts.topics import dead_letters as dead_letters_topic
from kawal.errors import TransientError
from kawal.kafka import clients
from kawal.kafka.commit import Committer
from kawal.kafka.dead_letters import DeadLetters
from kawal.kafka.decode import Decode, arrival
from kawal.kafka.drain import Drain
from kawal.kafka.handle import Handle, Handler
from kawal.kafka.isolate import Interrupted
from kawal.kafka.lag import LagWatch
from kawal.kafka.poison import ConsumerHalted, PoisonBreaker
from kawal.kafka.poll import Poll, Stalled
from kawal.kafka.record import Raw
from kawal.kafka.settings import ConsumerSettings
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from kawal.waiting import undisturbed

T = TypeVar("T")

PAUSE_AFTER_S = 0.5
_REPLACEABLE = (KafkaError, TransientError, Stalled, OSError)

log = get_logger()


class Consumer(Generic[T]):
    """Brings each record of `topics` to `handle` at least once, in order for each key.

    Offsets move only after `handle` has returned or the record lies in the dead letters. `handle` gets records of
    several partitions, those of one partition in order, and applies them all or none; what it may raise is told
    in `kawal.kafka.handle`. `decode` reads the data of an event: `None` for a type it does not know (skipped).
    """

    def __init__(
        self,
        *,
        topics: Sequence[str],
        group: str,
        decode: Decode[T],
        handle: Handle[T],
        dead_letters: DeadLetters,
        settings: ConsumerSettings,
    ) -> None:
        if dead_letters.group != group:
            raise ValueError("the dead letters are another group's")
        self._topics = list(topics)
        self._group = group
        self._decode = decode
        self._handle = handle
        self._dead_letters = dead_letters
        self._settings = settings
        # Lives longer than a client: a new one must not begin a new run.
        self._breaker = PoisonBreaker(settings, clock=time.monotonic)
        self._poll: Poll | None = None
        self._seen_at = time.monotonic()
        for topic in topics:
            metrics.CONSUMER_POLL_AGE_SECONDS.labels(group, topic).set_function(self._poll_age)

    def alive(self) -> bool:
        """Whether the loop polls, or at least tries to connect; a broker that is away is no reason to be killed.

        Neither is a halt, which a new process would not end. The bound is twice `stall_s`, so that a poll that does
        not come back is first replaced from inside.
        """
        return self._poll_age() <= 2 * self._settings.stall_s

    async def run(self) -> None:
        """Consume until cancelled; then finish the batch in hand within the drain bound, commit and leave.

        A halt (see `kawal.kafka.poison`) is this consumer's alone: the process goes on with what else it does, and
        the same records are tried again after `halt_s`.
        """
        backoff = Backoff(first_s=self._settings.backoff_first_s, max_s=self._settings.backoff_max_s)
        try:
            while True:
                started_at = time.monotonic()
                try:
                    await self._session()
                except _REPLACEABLE as error:
                    metrics.CONSUMER_RESTARTS.labels(self._group).inc()
                    log.warning("consumer_replaced", group=self._group, error=error)
                except ConsumerHalted as halted:
                    await self._stay_halted(halted)
                if time.monotonic() - started_at > self._settings.stall_s:
                    backoff.reset()
                await asyncio.sleep(backoff.next())
        finally:
            await self._dead_letters.close()

    async def _stay_halted(self, halted: ConsumerHalted) -> None:
        metrics.CONSUMER_HALTED.labels(self._group).set(1)
        log.critical("consumer_halted", group=self._group, error=halted)
        await asyncio.sleep(self._settings.halt_s)

    async def _session(self) -> None:
        """The life of one client."""
        client = clients.group_consumer(group=self._group, settings=self._settings)
        committer = Committer(client, interval_s=self._settings.commit_interval_s)
        drain = Drain(group=self._group, settings=self._settings, committer=committer)
        poll = Poll(client, drain=drain, settings=self._settings)
        lag = LagWatch(client, group=self._group, poll=poll, committer=committer, settings=self._settings)
        session = _Session(
            group=self._group,
            decode=self._decode,
            handler=self._handler(drain),
            poll=poll,
            drain=drain,
            committer=committer,
            lag=lag,
        )
        try:
            await clients.started(client, topics=self._needed_topics())
            client.subscribe(self._topics, listener=drain)
            self._poll = poll
            await _first_to_end(session.run(), lag.run())
        finally:
            self._seen_at, self._poll = time.monotonic(), None
            try:
                await undisturbed(drain.finish())
            finally:
                await clients.stopped(client)

    def _handler(self, drain: Drain) -> Handler[T]:
        return Handler(
            self._handle,
            dead_letters=self._dead_letters,
            breaker=self._breaker,
            settings=self._settings,
            draining=drain.draining,
        )

    def _needed_topics(self) -> list[str]:
        buried = [dead_letters_topic(topic=topic, group=self._group).name for topic in self._topics]
        return self._topics + buried

    def _poll_age(self) -> float:
        return time.monotonic() - (self._poll.polled_at if self._poll is not None else self._seen_at)


@dataclass(slots=True, kw_only=True)
class _Session(Generic[T]):
    """The loop over batches while one client lives."""

    group: str
    decode: Decode[T]
    handler: Handler[T]
    poll: Poll
    drain: Drain
    committer: Committer
    lag: LagWatch
    generation: int = 0

    async def run(self) -> None:
        while True:
            batch, generation = await self.poll.batch()
            if batch:
                await self._finish(batch, generation=generation)
            await self.committer.commit_when_due()

    async def _finish(self, batch: Sequence[Raw], *, generation: int) -> None:
        """Bring `batch` to its end in a task of its own, which a rebalance can wait for or cancel."""
        if generation != self.generation:
            self.generation = generation
            self.handler.forget()
        work = asyncio.create_task(self._work(batch, generation=generation))
        self.drain.track(work)
        done, _ = await asyncio.wait({work}, timeout=PAUSE_AFTER_S)
        while not done:
            self.poll.pause()
            await self.poll.keep_alive()
            done, _ = await asyncio.wait({work}, timeout=PAUSE_AFTER_S)
        self.poll.resume()
        if not work.cancelled():
            work.result()

    async def _work(self, batch: Sequence[Raw], *, generation: int) -> None:
        arrivals = [one for raw in batch if (one := arrival(raw, group=self.group, decode=self.decode))]
        self._count("taken", Counter(one.raw.topic for one in arrivals))
        self._count("skipped", Counter(raw.topic for raw in batch) - Counter(one.raw.topic for one in arrivals))
        started = time.perf_counter()
        try:
            await self.handler.process(arrivals)
        except Interrupted:
            return
        metrics.CONSUMER_HALTED.labels(self.group).set(0)
        duration = round(time.perf_counter() - started, 6)
        log.info("batch_done", group=self.group, records=len(arrivals), duration_s=duration)
        if self.drain.holds(generation):
            self.committer.stage(batch)
            self.lag.handled |= {raw.topic: raw.timestamp / 1000 for raw in batch}

    def _count(self, outcome: str, records: Mapping[str, int]) -> None:
        for topic, count in records.items():
            metrics.CONSUMER_RECORDS.labels(self.group, topic, outcome).inc(count)
            if outcome == "skipped":
                log.info("records_skipped", group=self.group, topic=topic, records=count)


async def _first_to_end(*coroutines: object) -> None:
    """Run all until the first ends, which is an error; cancel the others."""
    tasks = [asyncio.ensure_future(one) for one in coroutines]  # type: ignore[call-overload]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
