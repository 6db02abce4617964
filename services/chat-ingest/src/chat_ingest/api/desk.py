"""What every door of the chat works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chat_ingest.domain.ports import Intake, Transcript
from chat_ingest.domain.reads import ReportedReads
from chat_ingest.domain.rooms import Rooms
from chat_ingest.domain.sessions import SessionTokens
from kawal.rates import Rate


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may ask of us. Times are in seconds."""

    connections: int
    rate: Rate
    hello_within_s: float = 10
    write_within_s: float = 10
    waiting_frames: int = 256


@dataclass(frozen=True, slots=True)
class Desk:
    """`now` is aware UTC; `steady` is a clock that never jumps, in seconds."""

    tokens: SessionTokens
    intake: Intake
    transcript: Transcript
    rooms: Rooms
    limits: Limits
    now: Callable[[], datetime]
    steady: Callable[[], float]
    reads: ReportedReads = field(default_factory=ReportedReads)
