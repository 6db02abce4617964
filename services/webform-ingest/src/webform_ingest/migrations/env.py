from kawal.database.migrate import run_env
from webform_ingest.store.tables import metadata

run_env(metadata)
