"""E-mail by SMTP (RFC 5321). A deterministic Message-ID lets receivers drop a mail that was sent twice."""

import asyncio
import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import urlsplit

import aiosmtplib

from kawal import case_numbers
from notifier.domain.deliveries import Delivery
from notifier.domain.providers import ProviderAwayError, ProviderRefusedError

TIMEOUT_S = 20
PERMANENT_FROM = 500


class MailProvider:
    """Keeps one connection open; one mail at a time."""

    def __init__(self, *, url: str, sender: str) -> None:
        """`url` is `smtp://host:port` (STARTTLS when offered) or `smtps://…`, with `user:password@` if need be."""
        parts = urlsplit(url)
        self._sender = sender
        self._turn = asyncio.Lock()
        self._client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port,
            username=parts.username,
            password=parts.password,
            use_tls=parts.scheme == "smtps",
            timeout=TIMEOUT_S,
        )

    async def send(self, delivery: Delivery) -> None:
        mail = mail_of(delivery, sender=self._sender)
        async with self._turn:
            await self._connect()
            try:
                await self._client.send_message(mail)
            except aiosmtplib.SMTPRecipientsRefused as refused:
                await self._reset()
                raise _problem(refused.recipients[0].code) from refused
            except aiosmtplib.SMTPSenderRefused as refused:
                await self._reset()
                raise ProviderAwayError(f"smtp_{refused.code}") from refused
            except aiosmtplib.SMTPResponseException as response:
                await self._reset()
                raise _problem(response.code) from response
            except aiosmtplib.SMTPNotSupported as lacking:
                # The address needs SMTPUTF8 (RFC 6531), which this server will not have tomorrow either.
                raise ProviderRefusedError("smtp_not_supported") from lacking
            except (aiosmtplib.SMTPException, OSError) as away:
                self._client.close()
                raise ProviderAwayError("smtp_away") from away
            except asyncio.CancelledError:
                # The answer that nobody waited for would be taken for the answer to the next mail.
                self._client.close()
                raise

    async def was_sent(self, delivery: Delivery, *, since: datetime) -> bool:  # noqa: ARG002 - SMTP cannot be asked
        return False

    def close(self) -> None:
        self._client.close()

    async def _connect(self) -> None:
        """Whatever a server says before it has heard of a mail is about us: a wrong password fails no mail."""
        if self._client.is_connected:
            return
        try:
            await self._client.connect()
        except aiosmtplib.SMTPResponseException as refused:
            raise ProviderAwayError(f"smtp_{refused.code}") from refused
        except (aiosmtplib.SMTPException, OSError) as away:
            raise ProviderAwayError("smtp_away") from away

    async def _reset(self) -> None:
        """Forget the half-made mail, so that the next one starts clean."""
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()


def mail_of(delivery: Delivery, *, sender: str) -> EmailMessage:
    """The mail, threaded by conversation."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = delivery.address
    mail["Subject"] = delivery.subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{_digest(delivery.id)}@{domain}>"
    mail["References"] = f"<{_digest(delivery.conversation_id)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = delivery.locale
    mail["X-Kawal-Case"] = case_numbers.display(delivery.case_number)
    mail.set_content(delivery.text)
    return mail


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:40]


def _problem(code: int) -> Exception:
    if code >= PERMANENT_FROM:
        return ProviderRefusedError(f"smtp_{code}")
    return ProviderAwayError(f"smtp_{code}")
