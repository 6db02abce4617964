"""JSON lines on standard output: structlog writes straight to the stream, without the stdlib in between.

`get_logger()` is the one way to a logger. The keys of a line are those of `STYLE.md`; an error goes in as
`log.error("event_name", error=exception)` and comes out as its class and its safe message. From `error` up its frames
follow; a warning tells of what was expected (an outage, a client that gave up), and stays short.
"""

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from kawal.observability import metrics, redaction
from kawal.observability.repetitions import Repetitions
from kawal.observability.tracing import current_trace_id

Event = MutableMapping[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_QUIET_LIBRARIES = ("aiokafka", "asyncio", "httpcore", "httpx", "sqlalchemy", "uvicorn", "websockets")
_WITH_FRAMES = frozenset(("error", "critical"))
_LINES = {level: metrics.LOG_LINES.labels(level) for level in ("debug", "info", "warning", "error", "critical")}


def get_logger() -> FilteringBoundLogger:
    """A logger that follows `configure`, even when made before it."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def configure(service: str, *, level: str = "info") -> None:
    """Write this process's lines, and those of its libraries, as JSON. `level` is a stdlib level's name."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _with_service(service),
            _with_trace,
            _with_error,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    _route_libraries(threshold)


def _with_service(service: str) -> Callable[[Any, str, Event], Event]:
    def add(_logger: Any, level: str, event: Event) -> Event:
        event["service"] = service
        if level in _LINES:
            _LINES[level].inc()
        return event

    return add


def _with_trace(_logger: Any, _level: str, event: Event) -> Event:
    if "trace_id" not in event and (trace_id := current_trace_id()):
        event["trace_id"] = trace_id
    return event


def _with_error(_logger: Any, level: str, event: Event) -> Event:
    redaction.redact(event)  # type: ignore[arg-type] # structlog's events are dicts
    error = event.get("error")
    if isinstance(error, BaseException):
        event["error"] = redaction.describe(error)
        if level in _WITH_FRAMES:
            event["frames"] = redaction.frames(error.__traceback__)
    return event


def _rendered(_logger: Any, _level: str, event: Event) -> str:
    return _encode(event)


class _ToStructlog(logging.Handler):
    """Hands a library's stdlib record over as one `library_log` event; only the first line of its text.

    Of repetitions only their number: `left_out`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repetitions = Repetitions()

    def emit(self, record: logging.LogRecord) -> None:
        left_out = self._repetitions.left_out((record.pathname, record.lineno))
        if left_out is None:
            return
        error = record.exc_info[1] if record.exc_info else None
        event: dict[str, Any] = {"logger": record.name, "message": record.getMessage().partition("\n")[0]}
        if left_out:
            event["left_out"] = left_out
        if error is not None:
            event["error"] = error
        get_logger().log(record.levelno, "library_log", **event)


def _route_libraries(threshold: int) -> None:
    logging.basicConfig(handlers=[_ToStructlog()], level=threshold, force=True)
    logging.captureWarnings(capture=True)
    for library in _QUIET_LIBRARIES:
        quiet = logging.getLogger(library)
        quiet.setLevel(max(threshold, logging.WARNING))
        quiet.handlers.clear()
        quiet.propagate = True
