from chat_ingest.main import run

run()
