"""How the consumers behave; the defaults are meant for production."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """Bounds of one consumer; every time is in seconds.

    `pace_s`: so long after the one before a batch begins at the earliest, unless it is full; later where batches take
    long, see `kawal.pace`.
    `drain_s`: how long a batch in hand may go on when the partitions are about to move, after which it is cancelled
    and has `cancel_s` to end.
    `stall_s`: without a poll for so long, `alive()` is false. `silence_s`: without a record for so long although
    the log holds more, the client is replaced (aiokafka's issue 1154). A record that takes too long each time is buried
    if `slow_outvoted_by` others pass for each such, and never `slow_run` of them in a row. `poison_*`: see
    `kawal.kafka.poison`.
    `halt_s`: how long a halted consumer waits before it tries the same records again; less than twice `stall_s`.
    """

    bootstrap_servers: str
    max_records: int = 500
    pace_s: float = 0.01
    commit_interval_s: float = 0.1
    handle_timeout_s: float = 60.0
    handle_attempts: int = 3
    slow_run: int = 3
    slow_outvoted_by: int = 10
    backoff_first_s: float = 0.1
    backoff_max_s: float = 10.0
    drain_s: float = 20.0
    cancel_s: float = 5.0
    session_timeout_s: float = 10.0
    heartbeat_s: float = 3.0
    rebalance_timeout_s: float = 60.0
    stall_s: float = 60.0
    silence_s: float = 30.0
    lag_interval_s: float = 5.0
    poison_run: int = 50
    poison_share: float = 0.05
    poison_window_s: float = 60.0
    poison_minimum: int = 200
    halt_s: float = 60.0

    def __post_init__(self) -> None:
        if self.drain_s + self.cancel_s >= self.rebalance_timeout_s:
            raise ValueError("the drain must fit in the rebalance timeout")
