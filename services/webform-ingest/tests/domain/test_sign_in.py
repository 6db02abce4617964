from dataclasses import dataclass, field

import pytest

from kawal.contracts.words import Locale
from web_factories import LINK_KEY, NOW
from webform_ingest.domain.proofs import SignIn, SignInLink
from webform_ingest.domain.sign_in import MailUnavailable, SignInDesk, UsedSignIn

SIGN_IN = SignIn(email="siti@example.com", back_to="/")


@dataclass
class Mail:
    """A mail server that can be away."""

    away: bool = False
    sent: list[str] = field(default_factory=list)

    async def send(self, address: str, *, token: str, locale: Locale) -> None:
        assert token
        assert locale
        if self.away:
            raise MailUnavailable("later")
        self.sent.append(address)


class Used:
    """Takes each link once."""

    def __init__(self) -> None:
        self.links: list[SignInLink] = []

    async def use(self, link: SignInLink) -> bool:
        self.links.append(link)
        return self.links.count(link) == 1


async def request(desk: SignInDesk) -> None:
    await desk.request(SIGN_IN, locale=Locale.INDONESIAN, now=NOW)


class TestRequest:
    async def test_a_few_mails_for_an_address(self) -> None:
        mail = Mail()
        desk = SignInDesk(mail=mail, used=Used(), link_key=LINK_KEY)
        for _ in range(5):
            await request(desk)
        assert len(mail.sent) == 3

    async def test_what_was_not_sent_does_not_count(self) -> None:
        mail = Mail(away=True)
        desk = SignInDesk(mail=mail, used=Used(), link_key=LINK_KEY)
        for _ in range(5):
            with pytest.raises(MailUnavailable):
                await request(desk)
        mail.away = False
        await request(desk)
        assert mail.sent == [SIGN_IN.email]


class TestAccept:
    async def test_once(self) -> None:
        desk = SignInDesk(mail=Mail(), used=Used(), link_key=LINK_KEY)
        link = SignInLink(SIGN_IN, expires_at=NOW)
        await desk.accept(link)
        with pytest.raises(UsedSignIn):
            await desk.accept(link)
