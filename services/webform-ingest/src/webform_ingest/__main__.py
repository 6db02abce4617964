"""`python -m webform_ingest`."""

from webform_ingest.main import run

run()
