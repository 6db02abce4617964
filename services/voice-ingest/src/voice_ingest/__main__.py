"""`python -m voice_ingest`."""

from voice_ingest.main import run

if __name__ == "__main__":
    run()
