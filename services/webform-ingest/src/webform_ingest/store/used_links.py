"""All SQL of the table `used_sign_in`."""

import asyncio
import hashlib

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import is_outage
from webform_ingest.domain.proofs import SignInLink

PATIENCE_S = 3.0

_USE = text(
    """
    INSERT INTO web.used_sign_in (address_hash, expires_at) VALUES (:address_hash, :expires_at)
    ON CONFLICT (address_hash) DO UPDATE SET expires_at = excluded.expires_at
    WHERE used_sign_in.expires_at < excluded.expires_at
    RETURNING address_hash
    """
)
_FORGET = text("DELETE FROM web.used_sign_in WHERE expires_at < now()")

log = structlog.get_logger()


class StoredUsedLinks:
    """Implements `UsedLinks`. While PostgreSQL is away a link may be used again: signing in must not depend on it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def use(self, link: SignInLink) -> bool:
        try:
            return await self._use(link)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("sign_in_not_noted", error=error)
            return True

    async def _use(self, link: SignInLink) -> bool:
        address_hash = hashlib.sha256(link.sign_in.email.encode()).hexdigest()
        used = {"address_hash": address_hash, "expires_at": link.expires_at}
        async with asyncio.timeout(PATIENCE_S), self._engine.begin() as connection:
            await connection.execute(_FORGET)
            return (await connection.execute(_USE, used)).first() is not None
