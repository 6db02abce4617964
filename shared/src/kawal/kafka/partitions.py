"""Which partition a key belongs to: the choice of every Kafka client (murmur2)."""

import random
from functools import lru_cache

from aiokafka.partitioner import DefaultPartitioner

_partitioner = DefaultPartitioner()


def partition_of(key: bytes, *, partitions: int) -> int:
    """The partition of `key` among so many; any for a record without a key."""
    return _keyed(key, partitions) if key else random.randrange(partitions)  # noqa: S311 - no secret


@lru_cache(maxsize=20_000)
def _keyed(key: bytes, partitions: int) -> int:
    # aiokafka's murmur2 is pure Python; the keys of live conversations and cases come again and again.
    every = range(partitions)
    chosen: int = _partitioner(key, every, every)
    return chosen
