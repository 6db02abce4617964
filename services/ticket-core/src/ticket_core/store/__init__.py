"""The PostgreSQL schema `core`: the one write path (`apply`) and what is read from it (`queries`)."""
