"""The inbox: which events a service has applied, so that each has its effect once.

metadata: inbox = inbox_table(metadata)        migration: create_inbox(op, "core")
in a batch's transaction: new = await insert_new(connection, inbox, events=[(source, id), ...], now=now)
at start and every hour: await maintain(connection, inbox, now=now)
"""

from kawal.inbox.table import KEEP_DAYS, create_inbox, inbox_table, insert_new, maintain

__all__ = ["KEEP_DAYS", "create_inbox", "inbox_table", "insert_new", "maintain"]
