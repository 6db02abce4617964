"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the sender's own name for one submission."""

import re
from typing import Annotated

from fastapi import Depends, Request

from kawal.errors import KawalError

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,128}", re.ASCII)


class IdempotencyKeyMissing(KawalError):
    status, code, title = 400, "idempotency_key_missing", "The header Idempotency-Key is missing"


class IdempotencyKeyInvalid(KawalError):
    status, code, title = 400, "idempotency_key_invalid", "The header Idempotency-Key is not valid"


async def idempotency_key(request: Request) -> str:
    """The key of this request, without the quotes it may stand in.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyInvalid: 400 both.
    """
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        raise IdempotencyKeyMissing("Send one, and the same one again when you retry")
    key = keys[0].removeprefix('"').removesuffix('"')
    if len(keys) > 1 or not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid("One key of 8 to 128 letters, digits and _ . : -")
    return key


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
"""For a handler's parameter: `async def submit(key: IdempotencyKey) -> …`."""
