"""The cryptography: AES-256-GCM, one random data key per object, wrapped by the key-encryption key (KEK).

A sealed object is `version | length of media type | media type | nonce | ciphertext`; a wrapped key is
`version | id of the KEK | nonce | ciphertext`. Reference and media type are authenticated with the data, so that
no object can be put in the place of another.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from kawal.vault.errors import VaultObjectCorrupt

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID_BYTES = 8
_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Sealed:
    """An object and its wrapped data key; worthless without each other and the KEK."""

    data: bytes
    wrapped_key: bytes


def decode_kek(secret: SecretStr) -> bytes:
    """The 32 bytes of `KAWAL_VAULT_KEY` (URL-safe base64).

    Raises:
        ValueError: it is not that.
    """
    try:
        kek = base64.urlsafe_b64decode(secret.get_secret_value())
    except binascii.Error as broken:
        raise ValueError("The vault key is not URL-safe base64") from broken
    if len(kek) != KEY_BYTES:
        raise ValueError(f"The vault key must be {KEY_BYTES} bytes long, not {len(kek)}")
    return kek


def ref_of(name: str, *, kek: bytes) -> str:
    """The reference of what goes by `name`; nobody without the KEK can tell one from the other."""
    return hmac.new(kek, b"kawal.vault.ref\0" + name.encode(), hashlib.sha256).hexdigest()


def seal(data: bytes, *, ref: str, media_type: str, kek: bytes) -> Sealed:
    key, kind = os.urandom(KEY_BYTES), media_type.encode("ascii")
    header = _VERSION + bytes([len(kind)]) + kind
    nonce, key_nonce = os.urandom(_NONCE_BYTES), os.urandom(_NONCE_BYTES)
    key_header = _VERSION + _key_id(kek)
    return Sealed(
        data=header + nonce + AESGCM(key).encrypt(nonce, data, _bound(header, ref)),
        wrapped_key=key_header + key_nonce + AESGCM(kek).encrypt(key_nonce, key, _bound(key_header, ref)),
    )


def unseal(sealed: Sealed, *, ref: str, kek: bytes) -> tuple[bytes, str]:
    """The data and its media type.

    Raises:
        VaultObjectCorrupt: any byte of it was changed, or it was sealed under another reference or KEK.
    """
    header, rest = _split_header(sealed.data)
    try:
        key = _unwrap(sealed.wrapped_key, ref=ref, kek=kek)
        data = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(header, ref))
    except (InvalidTag, ValueError) as tampered:
        raise VaultObjectCorrupt(f"{ref} cannot be opened") from tampered
    return data, header[2:].decode("ascii")


def _unwrap(wrapped: bytes, *, ref: str, kek: bytes) -> bytes:
    header, rest = wrapped[: 1 + _KEY_ID_BYTES], wrapped[1 + _KEY_ID_BYTES :]
    if header != _VERSION + _key_id(kek):
        raise VaultObjectCorrupt(f"{ref} is sealed with another vault key")
    return AESGCM(kek).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(header, ref))


def _split_header(data: bytes) -> tuple[bytes, bytes]:
    if len(data) < 2 or data[:1] != _VERSION:
        raise VaultObjectCorrupt("not a sealed object")
    end = 2 + data[1]
    return data[:end], data[end:]


def _bound(header: bytes, ref: str) -> bytes:
    """The additional authenticated data; the header is self-delimiting."""
    return header + ref.encode("ascii")


def _key_id(kek: bytes) -> bytes:
    return hashlib.sha256(b"kawal.vault.kek\0" + kek).digest()[:_KEY_ID_BYTES]
