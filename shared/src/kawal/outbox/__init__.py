"""The outbox: events written in the transaction that makes them true, published afterwards in order.

* tables: `outbox = outbox_table(metadata)`; migration: `create_outbox(op, "core")`
* in a transaction: `await append(connection, outbox, messages)`; after its commit: `relay.wake()`
* tasks: `{"outbox": relay.run}`; at start and every hour: `await maintain(connection, outbox, now=now)`
* live streams: `rows = await read_committed_after(connection, outbox, cursor=cursor, limit=500)`
"""

from kawal.outbox.relay import OutboxRelay
from kawal.outbox.table import (
    Cursor,
    OutboxRow,
    append,
    committed_now,
    create_outbox,
    maintain,
    outbox_table,
    read_committed_after,
)

__all__ = [
    "Cursor",
    "OutboxRelay",
    "OutboxRow",
    "append",
    "committed_now",
    "create_outbox",
    "maintain",
    "outbox_table",
    "read_committed_after",
]
