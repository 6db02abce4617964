"""Proving an address: a link is mailed to it, and whoever opens the link has its mail."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from kawal.contracts.words import Locale
from kawal.errors import KawalError
from kawal.rates import Buckets, Rate
from webform_ingest.domain.proofs import SignIn, SignInLink, sign_in_token

WINDOW = timedelta(minutes=15)
MAILS_PER_ADDRESS = Rate(per_s=3 / WINDOW.total_seconds(), burst=3)


class MailUnavailable(KawalError):
    """The mail server is away, or refuses."""

    status, code, title = 503, "mail_unavailable", "The mail cannot be sent at the moment"
    retry_after_s = 30


class UsedSignIn(KawalError):
    """Whoever comes later to a shared computer finds the link in its history."""

    status, code, title = 410, "used_sign_in", "This link was used before"


class UsedLinks(Protocol):
    async def use(self, link: SignInLink) -> bool:
        """Note that `link` is used; `False` when it, or a later one for its address, was used before."""


class SignInMail(Protocol):
    async def send(self, address: str, *, token: str, locale: Locale) -> None:
        """Mail the link.

        Raises:
            MailUnavailable
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDesk:
    """Sends sign-in links. Nothing is known of any address here, so nothing can be given away."""

    mail: SignInMail
    used: UsedLinks
    link_key: str
    per_address: Buckets = field(default_factory=lambda: Buckets(MAILS_PER_ADDRESS))

    async def accept(self, link: SignInLink) -> None:
        """Use the link.

        Raises:
            UsedSignIn
        """
        if not await self.used.use(link):
            raise UsedSignIn("Ask for a new link")

    async def request(self, sign_in: SignIn, *, locale: Locale, now: datetime) -> None:
        """Mail a link to `sign_in.email`; in silence not, when it got some lately: they still work.

        Raises:
            MailUnavailable
        """
        if not self.per_address.take(sign_in.email, now=now.timestamp()):
            return
        token = sign_in_token(sign_in, key=self.link_key, now=now)
        try:
            await self.mail.send(sign_in.email, token=token, locale=locale)
        except MailUnavailable:
            # Else the next attempts would be told "sent", of a mail that never was.
            self.per_address.give_back(sign_in.email)
            raise
