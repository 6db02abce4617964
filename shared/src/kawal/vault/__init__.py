"""Encrypted objects: recordings, photos, attachments. Events carry only references to them."""

from kawal.vault.errors import VaultObjectDestroyed, VaultObjectMissing, VaultObjectTooLarge
from kawal.vault.vault import Vault

__all__ = ["Vault", "VaultObjectDestroyed", "VaultObjectMissing", "VaultObjectTooLarge"]
