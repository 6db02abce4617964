"""The PostgreSQL schema `web`: transcripts, and what was accepted but is not in them yet."""
