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
        self._seen = self._folder.keys()  # he is new: what is there already is not for him
        self._mails: list[Mail] = []

    def mails(self, subject: str = "") -> list[Mail]:
        """What has arrived with this in its subject."""
        arrived = self._folder.besides(self._seen)
        self._seen.update(mail.key for mail in arrived)
        self._mails += [mail for mail in arrived if self._address in mail.recipient]
        return [mail for mail in self._mails if subject in mail.subject]

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
