"""The transcript in PostgreSQL."""
