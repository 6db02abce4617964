from kawal_bench.cli import run

run()
