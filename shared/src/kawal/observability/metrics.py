"""Every metric of Kawal, declared once; `docs/runbooks/` says what to do about them.

Base units, prefix `kawal_`, no ids in labels: each label has few values, known beforehand.
"""

from prometheus_client import Counter, Gauge, Histogram

FAST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# --- HTTP (kawal.http) ---

# Requests answered, by route template ("unmatched" when no route was found) and status.
HTTP_REQUESTS = Counter("kawal_http_requests_total", "Requests answered.", ["method", "route", "status"])
# From the first byte of the request's head to the last of the response's body.
HTTP_REQUEST_SECONDS = Histogram(
    "kawal_http_request_seconds", "Time to answer a request.", ["method", "route"], buckets=FAST_SECONDS
)
# Requests being answered at this moment, event streams and long polls included.
HTTP_REQUESTS_IN_FLIGHT = Gauge("kawal_http_requests_in_flight", "Requests being answered now.")

# --- process (kawal.service) ---

# How late a timer of the event loop fires: time in which nothing else could run either.
EVENT_LOOP_LAG_SECONDS = Histogram(
    "kawal_event_loop_lag_seconds", "Lateness of an event loop timer.", buckets=FAST_SECONDS
)
# Background tasks that ended although nobody asked them to; each ends the process.
TASKS_DIED = Counter("kawal_tasks_died_total", "Background tasks that died.", ["task"])

# --- logs (kawal.observability.logging) ---

# Lines written, by level; a rise of `error` is an alert.
LOG_LINES = Counter("kawal_log_lines_total", "Log lines written.", ["level"])

# --- vault (kawal.vault) ---

# Operations on encrypted objects: put, get, destroy.
VAULT_OPERATIONS = Counter("kawal_vault_operations_total", "Operations on the vault.", ["operation"])
