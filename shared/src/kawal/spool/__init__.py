"""Durable accept: a message that is in the spool reaches Kafka, whatever dies in between (promise 1)."""

from kawal.spool.drain import SpoolDrain
from kawal.spool.model import (
    Accepted,
    CaseNumberNotLeased,
    IdempotencyConflict,
    MessageTooLarge,
    Receipt,
    SpoolFull,
    SpoolInUse,
    SpoolLimits,
    SpoolStatus,
    SpoolUnavailable,
)
from kawal.spool.spool import Spool

__all__ = [
    "Accepted",
    "CaseNumberNotLeased",
    "IdempotencyConflict",
    "MessageTooLarge",
    "Receipt",
    "Spool",
    "SpoolDrain",
    "SpoolFull",
    "SpoolInUse",
    "SpoolLimits",
    "SpoolStatus",
    "SpoolUnavailable",
]
