"""Reads mails back from a Maildir."""

import mailbox
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `key` is its name in the Maildir; `html` is as the sender wrote it: never trust it."""

    key: str
    sender: str
    recipient: str
    subject: str
    received_at: datetime
    text: str
    html: str | None
    attachments: tuple[str, ...]
    raw: bytes


class MailFolder:
    """The mails of one Maildir, which other processes may write to meanwhile."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(path, create=True)

    def keep(self, raw: bytes) -> str:
        """Keep a mail; returns its key."""
        return str(self._maildir.add(raw))

    def newest_first(self, *, limit: int = 200) -> list[Mail]:
        keys = sorted(self.keys(), key=_received_at, reverse=True)[:limit]
        return [mail for key in keys if (mail := self._read(key)) is not None]

    def keys(self) -> set[str]:
        """The names of all mails."""
        return set(self._maildir.keys())

    def besides(self, known: Collection[str]) -> list[Mail]:
        """The mails that are not `known`, by their keys, in no order."""
        return [mail for key in self.keys().difference(known) if (mail := self._read(key)) is not None]

    def get(self, key: str) -> Mail | None:
        """The mail with this key, or None; only names that the Maildir itself lists are opened."""
        return self._read(key) if key in self.keys() else None

    def _read(self, key: str) -> Mail | None:
        """A mail that the Maildir listed; None if it has been removed since."""
        try:
            return _mail(key, self._maildir.get_bytes(key))
        except KeyError:
            return None


def _mail(key: str, raw: bytes) -> Mail:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    return Mail(
        key=key,
        sender=str(message["from"] or message["x-mailfrom"] or ""),
        recipient=str(message["to"] or message["x-rcptto"] or ""),
        subject=str(message["subject"] or ""),
        received_at=_received_at(key),
        text=str(plain.get_content()) if plain else "",
        html=str(html.get_content()) if html else None,
        attachments=tuple(part.get_filename() or "?" for part in message.iter_attachments()),
        raw=raw,
    )


def _received_at(key: str) -> datetime:
    """A Maildir name starts with the second and microsecond of delivery (`<s>.M<us>P…`)."""
    second, rest, *_ = key.split(".")
    micros = rest[1 : rest.index("P")] if rest.startswith("M") and "P" in rest else "0"
    return datetime.fromtimestamp(int(second) + int(micros) / 1e6, tz=UTC)
