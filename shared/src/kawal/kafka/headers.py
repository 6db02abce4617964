"""The headers that dead letters and their replay add to an event's own; all values are ASCII."""

from collections.abc import Mapping

# On a dead letter: why it is there, and where it was.
REASON = "kawal_dlq_reason"
GROUP = "kawal_dlq_group"
TOPIC = "kawal_dlq_topic"
PARTITION = "kawal_dlq_partition"
OFFSET = "kawal_dlq_offset"
AT = "kawal_dlq_at"

# On a replayed event: for which group alone it is meant, and its offset in the dead-letter topic.
REPLAY_GROUP = "kawal_replay_group"
REPLAYED_FROM = "kawal_replayed_from"
# On the mark after the replayed events of a key: dead letters up to this offset have been replayed.
UNPARK_THROUGH = "kawal_unpark_through"

# On a bookmark among the dead letters, beside `AT`: those up to this offset were replayed then.
REPLAYED_THROUGH = "kawal_replayed_through"

ADDED = frozenset({REASON, GROUP, TOPIC, PARTITION, OFFSET, AT, REPLAY_GROUP, REPLAYED_FROM, UNPARK_THROUGH})


def offset_in(found: Mapping[str, bytes], name: str) -> int | None:
    """The offset in header `name`; `None` without it. Raises `ValueError` when it is not a number."""
    value = found.get(name)
    return None if value is None else int(value)


def offset_or_none(found: Mapping[str, bytes]) -> int | None:
    """The offset that a record was replayed from, where it can be read."""
    try:
        return offset_in(found, REPLAYED_FROM)
    except ValueError:
        return None
