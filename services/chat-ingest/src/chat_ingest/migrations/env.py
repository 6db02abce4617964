from chat_ingest.store.tables import metadata
from kawal.database.migrate import run_env

run_env(metadata)
