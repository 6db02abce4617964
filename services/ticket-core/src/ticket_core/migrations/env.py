from kawal.database.migrate import run_env  # noqa: INP001
from ticket_core.store.tables import metadata

run_env(metadata)
