"""Fixtures of the whole workspace: the real PostgreSQL and the real broker, see `kawal.testing`."""

pytest_plugins = ["kawal.testing.plugin"]
