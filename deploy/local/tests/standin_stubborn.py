"""A stand-in that does not listen to SIGTERM, and has a child that does not either."""

import asyncio
import signal
import subprocess
import sys

import standin_service

CHILD = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('child', flush=True); time.sleep(600)"
)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = subprocess.Popen([sys.executable, "-c", CHILD])
    asyncio.run(standin_service.serve(8102, 9102))
