"""The outbox: events written in the transaction that makes them true, published afterwards in order.

* tables: `outbox = outbox_table(metadata)`; migration: `create_outbox(op, "core")`
* in a transaction: `await append(connection, outbox, messages)`; after its commit: `relay.wake()`
* tasks: `{"outbox": relay.run}`; at start and every hour: `await maintain(connection, outbox, now=now)`
"""

from kawal.outbox.relay import OutboxRelay
from kawal.outbox.table import (
    append,
    create_outbox,
    maintain,
    outbox_table,
)

__all__ = [
    "OutboxRelay",
    "append",
    "create_outbox",
    "maintain",
    "outbox_table",
]
