"""The ledger: accepted = applied once = shown once, in order; what went out went out once; nothing was thrown away."""

import asyncio
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from chaos.doors import Door
from chaos.load import CALL_ITSELF, FORM_ITSELF, Said
from kawal import case_numbers
from kawal.contracts.topics import READERS, dead_letters
from kawal.contracts.words import Channel
from kawal.testing import eventually
from kawal.testing.stack import StackProcess
from kawal_local.mail.mailbox import MailFolder

SHOWN = 5
"""So many offenders are named in a failure."""
SETTLES_WITHIN_S = 240.0
READERS_AT_ONCE = 8
PAGE = 100

ENTRIES = """
    SELECT conversation_id, case_id::text AS case_id, seq, conversation_seq, kind, author, text,
           payload ->> 'client_id' AS client_id, payload ->> 'template' AS template
    FROM core.timeline WHERE conversation_id = ANY($1) ORDER BY case_id, seq
"""
GAPS = """
    SELECT case_id::text AS case_id, count(*) AS entries, max(seq) AS last FROM core.timeline
    WHERE case_id IN (SELECT case_id FROM core.conversations WHERE id = ANY($1)) GROUP BY case_id
    HAVING count(*) <> max(seq) OR min(seq) <> 1
"""
UNFINISHED = """
    SELECT (SELECT count(*) FROM core.outbox WHERE published_at IS NULL)
         + (SELECT count(*) FROM notify.outbox WHERE published_at IS NULL)
         + (SELECT count(*) FROM notify.delivery WHERE due_at IS NOT NULL)
         + (SELECT count(*) FROM voice.call WHERE state <> 'done')
"""
CALLS = "SELECT conversation_id, outcome FROM voice.call WHERE conversation_id = ANY($1)"

APPLIED = """
    SELECT count(*) FROM core.timeline
    WHERE author = 'participant' AND kind = ANY($2) AND conversation_id = ANY($1)
"""
TO_SHOW = "SELECT count(*) FROM core.timeline WHERE conversation_seq IS NOT NULL AND conversation_id = ANY($1)"
TRANSCRIBED = """
    SELECT (SELECT count(*) FROM chat.transcript WHERE conversation_id = ANY($1))
         + (SELECT count(*) FROM web.transcript WHERE conversation_id = ANY($1))
"""
PARKED = " UNION ALL ".join(
    f"SELECT '{schema}' AS schema, topic, reason FROM {schema}.parked_key"
    for schema in ("chat", "voice", "web", "core", "notify")
)
EMULATOR = "phone/network.sqlite3"
CONTRIBUTIONS = ("message", "form", "callback")
SPOOLS = {Channel.CHAT: "chat-ingest", Channel.WEB: "webform-ingest", Channel.VOICE: "voice-ingest"}

Row = Any


@dataclass(frozen=True, slots=True)
class Offence:
    """Something that is not as it should be, where it was last seen."""

    what: str
    conversation_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what}: {self.conversation_id} {self.detail}"


def blame(offences: Sequence[Offence]) -> None:
    """Fail, naming the first few."""
    assert not offences, "\n".join([f"{len(offences)} offences", *map(str, offences[:SHOWN])])


@dataclass
class Ledger:
    """What was said to a stack, and what has become of it."""

    stack: StackProcess
    conversations: Sequence[Said]
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return [said.conversation_id for said in self.conversations if said.accepted]

    async def check(self, *, mails_in_doubt: int = 0, calls_in_doubt: int = 0) -> None:
        """Everything, once nothing is under way any more; in doubt: see `mailed_once` and `called_once`."""
        late = await self._settled()
        self.rows = await self._timeline()
        blame(self.applied_once_in_order())
        blame(await self.without_gaps())
        blame(self.one_case_each())
        blame(self.confirmed_once())
        blame(self.answered_once_in_order())
        blame(await self.shown_once_in_order())
        blame(self.mailed_once(in_doubt=mails_in_doubt))
        blame(self.texted_once())
        blame(await self.called_once(in_doubt=calls_in_doubt))
        blame(await self.nothing_thrown_away())
        assert late is None, late

    async def _settled(self) -> AssertionError | None:
        """Wait until everything that was accepted has gone all its way; says so if it does not get there in time."""
        wanted = sum(len(said.accepted) for said in self.conversations)
        async with connected(self.stack) as database:

            async def nothing_under_way() -> bool:
                applied = await database.fetchval(APPLIED, self.ids, CONTRIBUTIONS)
                assert applied >= wanted, f"{applied} of {wanted} applied"
                unfinished = await database.fetchval(UNFINISHED)
                assert unfinished == 0, f"{unfinished} to publish or to send"
                shown = await database.fetchval(TRANSCRIBED, self.ids)
                to_show = await database.fetchval(TO_SHOW, self._readable())
                assert shown >= to_show, f"{shown} of {to_show} transcribed"
                return True

            try:
                await eventually(nothing_under_way, timeout=SETTLES_WITHIN_S, interval=0.5)
            except AssertionError as late:
                return late
        return None

    def _readable(self) -> list[str]:
        return [said.conversation_id for said in self.conversations if said.channel is not Channel.VOICE]

    async def _timeline(self) -> dict[str, list[Row]]:
        found: defaultdict[str, list[Row]] = defaultdict(list)
        async with connected(self.stack) as database:
            for row in await database.fetch(ENTRIES, self.ids):
                found[row["conversation_id"]].append(row)
        return dict(found)

    # --- applied ---

    def applied_once_in_order(self) -> list[Offence]:
        """Each accepted interaction is in the timeline once, in the order of acceptance."""
        offences = []
        for said in self.conversations:
            entries = [row for row in self._entries(said) if row["author"] == "participant"]
            applied = [_said(row) for row in entries if row["kind"] in CONTRIBUTIONS]
            if applied != said.accepted:
                offences.append(self._difference("applied", said, said.accepted, applied))
        return offences

    async def without_gaps(self) -> list[Offence]:
        """Entries of a case are numbered from 1 without a gap, those that a participant may see also."""
        async with connected(self.stack) as database:
            gaps = [
                Offence("gap in a case", row["case_id"], str(dict(row))) for row in await database.fetch(GAPS, self.ids)
            ]
        for conversation_id, rows in self.rows.items():
            numbers = [row["conversation_seq"] for row in rows if row["conversation_seq"] is not None]
            if numbers != list(range(1, len(numbers) + 1)):
                gaps.append(Offence("gap in a conversation", conversation_id, str(numbers)))
        return gaps

    def one_case_each(self) -> list[Offence]:
        """All these people are strangers to one another: each conversation has one case, no case has two."""
        cases = {conversation_id: {row["case_id"] for row in rows} for conversation_id, rows in self.rows.items()}
        conversations = Counter(case for found in cases.values() for case in found)
        return [
            Offence("not one case", conversation_id, str(found))
            for conversation_id, found in cases.items()
            if len(found) != 1 or any(conversations[case] != 1 for case in found)
        ]

    def confirmed_once(self) -> list[Offence]:
        """The participant is told once that he was heard."""
        offences = []
        for conversation_id, rows in self.rows.items():
            notices = [row["template"] for row in rows if row["kind"] == "notice"]
            if notices != ["received"]:
                offences.append(Offence("notices", conversation_id, str(notices)))
        return offences

    def answered_once_in_order(self) -> list[Offence]:
        offences = []
        for said in self.conversations:
            entries = [row for row in self._entries(said) if row["author"] == "agent"]
            answers = [row["text"] for row in entries if row["kind"] in CONTRIBUTIONS]
            if answers != said.answers:
                offences.append(self._difference("answers", said, said.answers, answers))
        return offences

    def _entries(self, said: Said) -> list[Row]:
        return self.rows.get(said.conversation_id, [])

    # --- shown ---

    async def shown_once_in_order(self) -> list[Offence]:
        """What the widget and the status page are given is the timeline, as far as a participant may see it."""
        offences: list[Offence] = []
        readable = iter([said for said in self.conversations if said.channel is not Channel.VOICE and said.accepted])

        async def reader() -> None:
            doors = {channel: Door(self.stack.url(SPOOLS[channel])) for channel in (Channel.CHAT, Channel.WEB)}
            for said in readable:
                shown = await _shown(said, doors[said.channel])
                wanted = [_visible(row) for row in self._entries(said) if row["conversation_seq"] is not None]
                if shown != wanted:
                    offences.append(self._difference("shown", said, wanted, shown))
            for door in doors.values():
                await door.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(READERS_AT_ONCE):
                group.create_task(reader())
        return offences

    # --- gone out ---

    def mailed_once(self, *, in_doubt: int) -> list[Offence]:
        """Each notice and each answer of a status page is mailed once.

        SMTP cannot be asked: when notifier or its database dies between the server's yes and the note of it, that mail
        is sent again under the same Message-ID, by which receivers drop it. `in_doubt` such mails are let pass: one for
        each of notifier's senders when it was killed, none otherwise.
        """
        mails = defaultdict(list)
        for mail in MailFolder(Path(self.stack.facts["mail"]["maildir"])).besides(()):
            mails[mail.recipient].append(mail)
        offences, copies = [], 0
        for said in self.conversations:
            if not said.email or not said.accepted:
                continue
            ids = [_message_id(mail) for mail in mails[said.email]]
            copies += len(ids) - len(set(ids))
            if len(set(ids)) != 1 + len(said.answers):
                offences.append(Offence("mails", said.conversation_id, f"{len(set(ids))} for {1 + len(said.answers)}"))
        if copies > in_doubt:
            offences.append(Offence("mails", "all", f"{copies} went out twice"))
        return offences

    def texted_once(self) -> list[Offence]:
        """Each caller gets one text, with his case number."""
        with closing(sqlite3.connect(self.stack.state / EMULATOR)) as provider:
            texts = Counter(provider.execute("SELECT to_number, body FROM message").fetchall())
        offences = []
        for said in self.conversations:
            if said.channel is not Channel.VOICE or not said.accepted:
                continue
            number = case_numbers.display(said.number) if said.number else ""
            found = {body: times for (phone, body), times in texts.items() if phone == said.phone and number in body}
            if list(found.values()) != [1]:
                offences.append(Offence("texts", said.conversation_id, str(found)))
        return offences

    async def called_once(self, *, in_doubt: int) -> list[Offence]:
        """Each answer to a caller is read out in one call that he hears to its end.

        When voice-ingest dies during a call (here it is the network, too), he is called again, and may hear twice what
        was nearly over: `in_doubt` such calls are let pass.
        """
        outcomes = defaultdict(list)
        async with connected(self.stack) as database:
            for row in await database.fetch(CALLS, self.ids):
                outcomes[row["conversation_id"]].append(row["outcome"])
        offences, again = [], 0
        for said in self.conversations:
            if said.channel is not Channel.VOICE or not said.accepted:
                continue
            again += len(said.heard) - len(set(said.heard))
            wanted = ["delivered"] * len(said.answers)
            if outcomes[said.conversation_id] != wanted or set(said.heard) != set(said.answers):
                detail = f"{outcomes[said.conversation_id]}, heard {said.heard} of {said.answers}"
                offences.append(Offence("calls", said.conversation_id, detail))
        if again > in_doubt:
            offences.append(Offence("calls", "all", f"{again} were read out twice"))
        return offences

    # --- thrown away ---

    async def nothing_thrown_away(self) -> list[Offence]:
        """No dead letter, no parked key."""
        async with connected(self.stack) as database:
            parked = [
                Offence("parked", row["schema"], f"{row['topic']} {row['reason']}")
                for row in await database.fetch(PARKED)
            ]
        letters = await _dead_letters(self.stack.facts["kafka"]["bootstrap_servers"])
        return parked + [Offence("dead letters", topic, str(found)) for topic, found in letters.items() if found]

    # --- where it was last seen ---

    def _difference(self, what: str, said: Said, wanted: Sequence[Any], found: Sequence[Any]) -> Offence:
        missing = [one for one in wanted if one not in found]
        extra = list((Counter(found) - Counter(wanted)).elements())
        detail = f"missing {missing[:SHOWN]}, too many {extra[:SHOWN]}" if missing or extra else f"order {found}"
        return Offence(what, said.conversation_id, f"({said.number}) {detail}; {self._last_seen(said)}")

    def _last_seen(self, said: Said) -> str:
        """How far the conversation's events have come: spool, Kafka, timeline."""
        path = self.stack.state / "spool" / f"{SPOOLS[said.channel]}.sqlite3"
        with closing(sqlite3.connect(path)) as spool:
            kept, sent = spool.execute(
                "SELECT count(*), count(sent.seq) FROM message LEFT JOIN sent USING (seq) WHERE event_id LIKE ?",
                (f"%{said.conversation_id.partition(':')[2]}%",),
            ).fetchone()
        return f"{len(said.accepted)} accepted, {kept} spooled, {sent} acknowledged, {len(self._entries(said))} entries"


def connected(stack: StackProcess) -> Any:
    """A connection to the stack's database, for the length of a block."""
    return asyncpg.create_pool(stack.facts["postgres"]["dsn"], min_size=1, max_size=1)


def _said(row: Row) -> str:
    """What the participant did, in the words of `Said.accepted`."""
    own = {"form": FORM_ITSELF, "callback": CALL_ITSELF}.get(row["kind"])
    return own or str(row["client_id"])


def _visible(row: Row) -> tuple[int, str, str]:
    """What both sides must agree on; the words of notices are notifier's."""
    text = row["text"] if row["author"] == "agent" else ""
    return row["conversation_seq"], row["author"], text or row["client_id"] or ""


async def _shown(said: Said, door: Door) -> list[tuple[int, str, str]]:
    """All that the participant is shown, page by page."""
    shown: list[dict[str, Any]] = []
    while True:
        after = shown[-1]["seq"] if shown else 0
        if said.channel is Channel.CHAT:
            page = (await door.get(f"/v1/chat/messages?after={after}&wait=0", token=said.token)).json()["items"]
        else:
            page = (await door.get(f"/v1/status/{said.token}?after={after}")).json()["items"]
        shown += page
        if len(page) < PAGE:
            return [
                (m["seq"], m["author"], (m["text"] if m["author"] == "agent" else m.get("client_id")) or "")
                for m in shown
            ]


def _message_id(mail: Any) -> str:
    head: bytes = mail.raw.partition(b"\n\n")[0].replace(b"\r", b"")
    return next(line for line in head.decode().splitlines() if line.lower().startswith("message-id:"))


async def _dead_letters(bootstrap_servers: str) -> dict[str, int]:
    """How many letters there are, by topic."""
    names: Iterable[str] = (
        dead_letters(topic=topic, group=group).name for topic, groups in READERS.items() for group in groups
    )
    partitions = [TopicPartition(name, 0) for name in names]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {partition.topic: end for partition, end in ends.items()}
