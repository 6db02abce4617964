"""Mails sign-in links, straight to the mail server: they are secrets and never enter Kafka."""

from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from kawal.contracts.words import Locale
from kawal.pages import Texts
from webform_ingest.domain.sign_in import MailUnavailable

TIMEOUT_S = 10.0

log = structlog.get_logger()


class SmtpSignInMail:
    """Implements `SignInMail`. `smtp_url` is `smtp[s]://[user:password@]host:port`."""

    def __init__(self, *, smtp_url: str, sender: str, web_url: str, texts: Texts) -> None:
        self._server = urlsplit(smtp_url)
        self._sender = sender
        self._web_url = web_url
        self._texts = texts

    async def send(self, address: str, *, token: str, locale: Locale) -> None:
        link = f"{self._web_url}/sign-in/{token}"
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = (
            self._sender,
            address,
            self._texts.get("mail_subject", locale=locale),
        )
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=parseaddr(self._sender)[1].rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(self._texts.get("mail_body", locale=locale, link=link))
        try:
            await self._deliver(mail)
        except (aiosmtplib.SMTPException, OSError, ValueError) as failed:
            log.warning("sign_in_mail_failed", error=type(failed).__name__)
            raise MailUnavailable("Try again in a moment") from failed

    async def _deliver(self, mail: EmailMessage) -> None:
        server = self._server
        await aiosmtplib.send(
            mail,
            hostname=server.hostname,
            port=server.port,
            username=unquote(server.username) if server.username else None,
            password=unquote(server.password) if server.password else None,
            use_tls=server.scheme == "smtps",
            timeout=TIMEOUT_S,
        )
