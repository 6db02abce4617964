"""What voice-ingest keeps: calls to place in PostgreSQL, everything of an inbound call on its own disk."""
