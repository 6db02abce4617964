"""What happens, one line each."""

from collections.abc import Callable
from datetime import datetime

Tell = Callable[[str, str, str], None]
"""Takes the door, who, and what happened."""

TEXT_LENGTH = 72


def tell(door: str, who: str, what: str) -> None:
    """Print a line; texts are shortened."""
    short = what if len(what) <= TEXT_LENGTH else f"{what[: TEXT_LENGTH - 1]}…"
    print(f"{datetime.now().astimezone():%H:%M:%S}  {door:<6} {who:<20} {short}", flush=True)
