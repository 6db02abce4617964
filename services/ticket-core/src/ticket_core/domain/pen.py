"""Writes entries of one case and gives each its place."""

from datetime import datetime

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author, Channel
from ticket_core.domain.case import Agent, Case, Conversation
from ticket_core.domain.clocks import Clocks
from ticket_core.domain.entries import Entry, EntryFact


class Pen:
    """`entries` is what was written so far. What the participant may see is numbered in `conversation` as well."""

    def __init__(self, case_id: str, *, last_seq: int, conversation: Conversation | None) -> None:
        self.entries: list[Entry] = []
        self._case_id = case_id
        self._seq = last_seq
        self._conversation = conversation
        self._conversation_seq = conversation.last_seq if conversation else 0

    @classmethod
    def on(cls, case: Case, *, conversation: Conversation | None = None) -> "Pen":
        return cls(case.id, last_seq=case.last_seq, conversation=conversation)

    def system(
        self,
        fact: EntryFact,
        *,
        at: datetime,
        text: str = "",
        visible: bool = False,
        state: CaseState | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._write(fact, at=at, author=Author.SYSTEM, text=text, visible=visible, state=state, clocks=clocks)

    def participant(
        self,
        fact: EntryFact,
        *,
        at: datetime,
        text: str = "",
        visible: bool = False,
        state: CaseState | None = None,
    ) -> None:
        name = self._conversation.name if self._conversation else None
        self._write(fact, at=at, author=Author.PARTICIPANT, author_name=name, text=text, visible=visible, state=state)

    def agent(
        self,
        fact: EntryFact,
        *,
        at: datetime,
        agent: Agent,
        text: str = "",
        visible: bool = False,
        state: CaseState | None = None,
    ) -> None:
        self._write(
            fact,
            at=at,
            author=Author.AGENT,
            author_id=agent.id,
            author_name=agent.name,
            text=text,
            visible=visible,
            state=state,
        )

    def copied(self, entry: Entry, fact: EntryFact, *, state: CaseState | None) -> None:
        """What was said in another case, not what it did to that one; in its conversation it stays where it is."""
        self._seq += 1
        self.entries.append(
            Entry(
                case_id=self._case_id,
                seq=self._seq,
                at=entry.at,
                author=entry.author,
                fact=fact,
                author_id=entry.author_id,
                author_name=entry.author_name,
                channel=entry.channel,
                conversation_id=entry.conversation_id,
                text=entry.text,
                state=state,
            )
        )

    def about(
        self, seq: int, fact: EntryFact, *, at: datetime, channel: Channel, conversation_id: str | None = None
    ) -> None:
        """Something the system learnt of the entry `seq`."""
        self._seq += 1
        self.entries.append(
            Entry(
                case_id=self._case_id,
                seq=self._seq,
                at=at,
                author=Author.SYSTEM,
                fact=fact,
                channel=channel,
                conversation_id=conversation_id,
                about=seq,
            )
        )

    def _write(
        self,
        fact: EntryFact,
        *,
        at: datetime,
        author: Author,
        author_id: str | None = None,
        author_name: str | None = None,
        text: str = "",
        visible: bool = False,
        state: CaseState | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._seq += 1
        if visible:
            self._conversation_seq += 1
        conversation = self._conversation
        self.entries.append(
            Entry(
                case_id=self._case_id,
                seq=self._seq,
                at=at,
                author=author,
                fact=fact,
                author_id=author_id,
                author_name=author_name,
                channel=conversation.channel if conversation else None,
                conversation_id=conversation.id if conversation else None,
                conversation_seq=self._conversation_seq if visible else None,
                text=text,
                state=state,
                clocks=clocks,
            )
        )
