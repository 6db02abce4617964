"""What can be wrong with an object."""

from kawal.errors import KawalError, TransientError


class VaultObjectMissing(KawalError):
    status, code, title = 404, "vault_object_missing", "There is no such file"


class VaultObjectDestroyed(KawalError):
    status, code, title = 410, "vault_object_destroyed", "This file has been erased"


class VaultObjectTooLarge(KawalError):
    status, code, title = 413, "vault_object_too_large", "The file is too large"


class VaultObjectCorrupt(Exception):
    """The object, its key or its media type is not what was put: tampered with, or of another vault key."""


class VaultUnavailable(TransientError):
    """The object store is away or full."""
