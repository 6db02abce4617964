"""Where encrypted objects lie: `objects/<ref>` and, apart from them, `keys/<ref>`.

Destroying the small key object destroys the object, in every backup that has the one but not the other.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore
from pydantic import SecretStr

from kawal.contracts.words import Attachment
from kawal.observability import metrics
from kawal.vault import sealing
from kawal.vault.errors import (
    VaultObjectDestroyed,
    VaultObjectMissing,
    VaultObjectTooLarge,
    VaultUnavailable,
)
from kawal.vault.sealing import Sealed

MAX_BYTES = 50 * 1024**2
_REF = re.compile(r"[a-z0-9-]{8,80}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}", re.ASCII)
_DESTROYED = b""


class Vault:
    """Puts, gets and destroys objects. A folder is synced to disk before `put` returns."""

    def __init__(self, location: Path | ObjectStore, *, key: SecretStr) -> None:
        """`location` is a folder, made if need be, or any obstore store. Raises `ValueError` for a bad key."""
        self._kek = sealing.decode_kek(key)
        self._folder = location if isinstance(location, Path) else None
        self._store = LocalStore(location, mkdir=True) if isinstance(location, Path) else location

    async def put(
        self,
        data: bytes,
        *,
        media_type: str,
        name: str | None = None,
        duration_s: float | None = None,
        once: str | None = None,
    ) -> Attachment:
        """Encrypt and keep `data`; the claim check is what travels in events.

        `once` names what is put, for whoever may have to put it again because he crashed before he could note the
        claim check: it takes the place of what he put before, which nobody would ever find, nor erase.

        Raises:
            ValueError: `media_type` is none (parameters such as `; charset` do not belong to it).
            VaultObjectTooLarge: more than `MAX_BYTES`.
            VaultObjectDestroyed: what `once` names has been erased.
            VaultUnavailable: the store is away; nothing usable was kept.
        """
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(f"{media_type!r} is not a media type")
        if len(data) > MAX_BYTES:
            raise VaultObjectTooLarge(f"At most {MAX_BYTES} bytes")
        ref = str(uuid4()) if once is None else sealing.ref_of(once, kek=self._kek)
        sealed = await asyncio.to_thread(sealing.seal, data, ref=ref, media_type=media_type, kek=self._kek)
        async with _store_errors():
            if once is not None and await self._read(f"objects/{ref}") == _DESTROYED:
                raise VaultObjectDestroyed("It cannot be brought back")
            await self._write(f"objects/{ref}", sealed.data)
            await self._write(f"keys/{ref}", sealed.wrapped_key)
        metrics.VAULT_OPERATIONS.labels("put").inc()
        return Attachment(vault_ref=ref, media_type=media_type, size_bytes=len(data), name=name, duration_s=duration_s)

    async def get(self, ref: str) -> tuple[bytes, str]:
        """The data and its media type. The caller logs who looked and why (promise 7).

        Raises:
            VaultObjectMissing, VaultObjectDestroyed: 404 and 410.
            VaultObjectCorrupt: it is not what was put.
            VaultUnavailable: the store is away.
        """
        _check(ref)
        async with _store_errors():
            data = await self._read(f"objects/{ref}")
            wrapped_key = await self._read(f"keys/{ref}")
        if data is None:
            raise VaultObjectMissing("Nothing is kept under this reference")
        if wrapped_key is None:
            raise VaultObjectDestroyed("It cannot be brought back")
        metrics.VAULT_OPERATIONS.labels("get").inc()
        return await asyncio.to_thread(sealing.unseal, Sealed(data, wrapped_key), ref=ref, kek=self._kek)

    async def destroy(self, ref: str) -> None:
        """Make the object unreadable for good; doing it twice changes nothing.

        Raises:
            VaultObjectMissing: there never was one.
            VaultUnavailable: the store is away; try again.
        """
        _check(ref)
        async with _store_errors():
            if await self._read(f"objects/{ref}") is None:
                raise VaultObjectMissing("Nothing is kept under this reference")
            await self._delete(f"keys/{ref}")
            await self._write(f"objects/{ref}", _DESTROYED)
        metrics.VAULT_OPERATIONS.labels("destroy").inc()

    async def _read(self, path: str) -> bytes | None:
        try:
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None

    async def _write(self, path: str, data: bytes) -> None:
        await obstore.put_async(self._store, path, data)
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / path)

    async def _delete(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return
        if self._folder is not None:
            await asyncio.to_thread(_sync, (self._folder / path).parent)


def _check(ref: str) -> None:
    if not _REF.fullmatch(ref):
        raise VaultObjectMissing("This is no reference")


def _sync(path: Path) -> None:
    """Bring a file and the name it has in its folder to disk; obstore does neither."""
    for part in (path, path.parent):
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@asynccontextmanager
async def _store_errors() -> AsyncIterator[None]:
    try:
        yield
    except (BaseError, OSError) as away:
        raise VaultUnavailable(f"The object store failed: {type(away).__name__}") from away
