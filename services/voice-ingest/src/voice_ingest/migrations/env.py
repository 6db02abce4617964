from kawal.database.migrate import run_env
from voice_ingest.store.tables import metadata

run_env(metadata)
