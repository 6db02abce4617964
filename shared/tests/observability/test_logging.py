import json
import logging
import subprocess
import sys

PROGRAM = """
import logging, warnings
from kawal.observability import tracing
from kawal.observability.logging import configure, get_logger
log = get_logger()
configure("example", level="info")
log.debug("not_shown")
with tracing.span("step", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
    log.info("thing_done", case_id="c1", phone="0812")
try:
    int("siti@example.com")
except ValueError as error:
    log.error("thing_failed", error=error)
    log.warning("thing_put_off", error=error)
logging.getLogger("aiokafka.consumer").info("chatter")
for number in range(3):
    logging.getLogger("uvicorn.error").warning("odd %s", f"thing {number}\\nsecond line")
try:
    raise RuntimeError("boom")
except RuntimeError:
    logging.getLogger("sqlalchemy.pool").exception("lost")
"""


def lines() -> list[dict]:
    """What a process of its own writes: the configuration is one for the whole process."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


class TestConfigure:
    def test_lines(self):
        done, failed, put_off, odd, lost = lines()
        assert (done["event"], done["level"], done["service"]) == ("thing_done", "info", "example")
        assert done["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert (done["case_id"], done["phone"]) == ("c1", "[redacted]")
        assert done["at"].endswith("Z")

        assert failed["error"] == "ValueError"
        assert failed["frames"][-1].endswith("<module>")
        assert put_off["error"] == "ValueError"
        assert "frames" not in put_off

        assert (odd["event"], odd["logger"], odd["message"]) == ("library_log", "uvicorn.error", "odd thing 0")
        assert (lost["level"], lost["error"]) == ("error", "RuntimeError: boom")

    def test_library_loggers_of_this_process_are_untouched(self):
        assert logging.getLogger("aiokafka").level == logging.NOTSET
