"""The mails of one participant, from the Maildir of the local mail server."""

import re
from collections.abc import Callable
from pathlib import Path

from kawal.testing import eventually
from kawal_local.mail.mailbox import Mail, MailFolder

ARRIVES_WITHIN_S = 30.0


class Mailbox:
    def __init__(self, maildir: str, address: str) -> None:
        self._folder = MailFolder(Path(maildir))
        self._address = address

    def mails(self, subject: str = "") -> list[Mail]:
        """What has arrived with this in its subject, newest first."""
        return [
            mail
            for mail in self._folder.newest_first(limit=100_000)
            if self._address in mail.recipient and subject in mail.subject
        ]

    async def mail(self, subject: str, *, having: Callable[[Mail], bool] = lambda _: True) -> Mail:
        """Wait for a mail."""
        return await eventually(
            lambda: next((mail for mail in self.mails(subject) if having(mail)), None), timeout=ARRIVES_WITHIN_S
        )

    async def link(self, subject: str) -> str:
        """The link in a mail."""
        found = re.search(r"https?://\S+", (await self.mail(subject)).text)
        assert found is not None
        return found[0]
