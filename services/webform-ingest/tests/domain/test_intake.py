from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from web_factories import LINK_KEY, NOW, TOPICS, form, submission
from webform_ingest.domain.intake import FORM_CLIENT_ID, Acceptance, Intake
from webform_ingest.domain.proofs import StatusPage, SubmissionReceipt
from webform_ingest.domain.submissions import Sent
from webform_ingest.domain.validation import validate

PAGE = StatusPage(conversation_id="web:0123456789abcdef", routing_key=None)


class Full(KawalError):
    status, code = 503, "spool_full"


class Conflict(KawalError):
    status, code = 409, "idempotency_conflict"


@dataclass
class Ledger:
    """Keeps in memory what the real one keeps on the disk."""

    full: bool = False
    kept: dict[str, tuple[Sent, bytes]] = field(default_factory=dict)

    async def accept(self, sent: Sent, *, answer: bytes, case_number: str | None = None) -> bytes | None:
        if self.full:
            raise Full("later")
        earlier, given = self.kept.setdefault(sent.key, (sent, answer))
        if earlier.fingerprint != sent.fingerprint:
            raise Conflict("another")
        return given if earlier is not sent else None

    async def answer(self, key: str) -> bytes | None:
        return self.kept[key][1] if key in self.kept else None


@dataclass
class Numbers:
    free: list[str]

    def take(self) -> str | None:
        return self.free.pop(0) if self.free else None

    def give_back(self, number: str) -> None:
        self.free.append(number)


@dataclass
class Recent:
    noted: list[Acceptance] = field(default_factory=list)

    def note(self, acceptance: Acceptance) -> None:
        self.noted.append(acceptance)


@dataclass
class Conversations:
    known: str | None = None

    async def routing_key(self, conversation_id: str) -> str | None:
        assert conversation_id
        return self.known


@dataclass
class Parts:
    """An intake and what stands behind it."""

    numbers: Numbers
    ledger: Ledger = field(default_factory=Ledger)
    recent: Recent = field(default_factory=Recent)
    conversations: Conversations = field(default_factory=Conversations)

    async def submit(self, **changes: object) -> SubmissionReceipt:
        answered = validate(form(), submission(**changes), topics=TOPICS)
        return await self.intake.submit("complaint", answered, idempotency_key="a-key", proven_email=None, now=NOW)

    async def add(self, text: str = "Halo", *, page: StatusPage = PAGE) -> bytes:
        """The Kafka key of the message."""
        await self.intake.add_message(text, page=page, idempotency_key="a-key", locale=Locale.INDONESIAN, now=NOW)
        return list(self.ledger.kept.values())[-1][0].message.key

    @property
    def intake(self) -> Intake:
        return Intake(
            ledger=self.ledger,
            acceptances=self.recent,
            conversations=self.conversations,
            case_numbers=self.numbers,
            traceparent=lambda: None,
            link_key=LINK_KEY,
        )


def parts(*numbers: str) -> Parts:
    return Parts(Numbers(list(numbers)))


def client_ids(acceptances: Sequence[Acceptance]) -> list[str]:
    return [acceptance.client_id for acceptance in acceptances]


class TestSubmit:
    async def test_tells_the_number_and_notes_the_form(self) -> None:
        one = parts("4829130574")
        assert (await one.submit()).reference == "4829130574"
        assert client_ids(one.recent.noted) == [FORM_CLIENT_ID]
        assert one.numbers.free == []

    async def test_no_number_left(self) -> None:
        assert (await parts().submit()).reference is None

    async def test_repeated(self) -> None:
        one = parts("4829130574", "1234567893")
        first = await one.submit()
        assert await one.submit() == first
        assert one.numbers.free == ["1234567893"]
        assert len(one.recent.noted) == 1

    @pytest.mark.parametrize("full", [True, False])
    async def test_refused_gives_the_number_back(self, full: bool) -> None:  # noqa: FBT001
        one = parts("4829130574", "1234567893")
        await one.submit()
        one.ledger.full = full
        with pytest.raises(KawalError):
            await one.submit(message="lain")
        assert one.numbers.free == ["1234567893"]
        assert len(one.recent.noted) == 1


class TestSubmitted:
    async def test_the_receipt_given(self) -> None:
        one = parts("4829130574")
        receipt = await one.submit()
        assert await one.intake.submitted("complaint", idempotency_key="a-key") == receipt

    async def test_unknown_key(self) -> None:
        assert await parts().intake.submitted("complaint", idempotency_key="a-key") is None


class TestAddMessage:
    async def test_follows_the_form_by_its_link(self) -> None:
        page = StatusPage(PAGE.conversation_id, routing_key="p:from-link")
        assert await parts().add(page=page) == b"p:from-link"

    async def test_follows_the_form_by_what_is_known_of_it(self) -> None:
        one = parts()
        one.conversations.known = "p:from-database"
        assert await one.add() == b"p:from-database"

    async def test_nothing_is_known(self) -> None:
        assert await parts().add() == PAGE.conversation_id.encode()

    async def test_repeated(self) -> None:
        one = parts()
        await one.add()
        await one.add()
        assert len(one.recent.noted) == 1

    async def test_refused_is_not_shown(self) -> None:
        one = parts()
        one.ledger.full = True
        with pytest.raises(Full):
            await one.add()
        assert one.recent.noted == []
