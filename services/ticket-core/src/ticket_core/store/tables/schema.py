"""The PostgreSQL schema `core`, and what its tables are written with."""

from sqlalchemy import DateTime, Uuid

from kawal.database import metadata as schema_metadata

metadata = schema_metadata("core")

ACTIVE = "state IN ('new', 'open', 'pending', 'on_hold')"
CHANNELS = "('chat', 'voice', 'web', 'email', 'sms')"
ASSURANCES = "('claimed', 'possessed', 'verified')"
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)
