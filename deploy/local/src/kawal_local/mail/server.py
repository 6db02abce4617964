"""The SMTP server and the pages, on one event loop."""

import asyncio
from functools import partial
from pathlib import Path

import uvicorn
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from kawal_local.mail.mailbox import MailFolder
from kawal_local.mail.pages import create_app

HOST = "127.0.0.1"
LARGEST_MAIL = 25 * 1024 * 1024
DRAIN_S = 2


def serve(*, maildir: Path, smtp_port: int, pages_port: int) -> None:
    """Serve until SIGTERM."""
    asyncio.run(_serve(maildir, smtp_port=smtp_port, pages_port=pages_port))


async def _serve(maildir: Path, *, smtp_port: int, pages_port: int) -> None:
    folder = MailFolder(maildir)
    smtp = partial(SMTP, Mailbox(maildir), data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, ident="kawal")
    listener = await asyncio.get_running_loop().create_server(smtp, HOST, smtp_port)
    config = uvicorn.Config(
        create_app(folder),
        host=HOST,
        port=pages_port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    async with listener:
        await uvicorn.Server(config).serve()
