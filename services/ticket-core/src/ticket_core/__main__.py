from ticket_core.main import run

run()
