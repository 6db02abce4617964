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

# Refused with 429 because too much came from one address, by what was asked for: `chat_sessions`, `form_posts`,
# `wrong_links`, `sign_in_mails`, `console_sign_ins`. Many addresses at once cannot be seen here: watch the requests.
HTTP_LIMITED = Counter("kawal_http_limited_total", "Requests refused because of their address.", ["door"])

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

# --- retention (kawal.database.retention) ---

# Rows that were old enough, by table.
RETENTION_DELETED = Counter("kawal_retention_deleted_rows_total", "Rows deleted because of their age.", ["table"])

# --- vault (kawal.vault) ---

# Operations on encrypted objects: put, get, destroy.
VAULT_OPERATIONS = Counter("kawal_vault_operations_total", "Operations on the vault.", ["operation"])

# --- spool (kawal.spool): what an edge accepted and the broker has not acknowledged yet ---

SPOOL_DEPTH_ROWS = Gauge("kawal_spool_depth_rows", "Messages that wait for the broker.")
SPOOL_DEPTH_BYTES = Gauge("kawal_spool_depth_bytes", "Bytes that wait for the broker.")
# Grows by a second per second while the broker is away: page on this, not on the depth.
SPOOL_OLDEST_AGE_SECONDS = Gauge(
    "kawal_spool_oldest_age_seconds", "For how long the oldest waiting message has waited."
)
# One commit carries all appends that waited for it.
SPOOL_FSYNC_SECONDS = Histogram(
    "kawal_spool_fsync_seconds", "Time to make one group of appends durable.", buckets=FAST_SECONDS
)
SPOOL_APPENDED = Counter("kawal_spool_appended_total", "Messages accepted durably.")
SPOOL_SENT = Counter("kawal_spool_sent_total", "Messages acknowledged by the broker.")
# Sent before, but the broker's log turned out to have lost them.
SPOOL_RESENT = Counter("kawal_spool_resent_total", "Messages sent again after the broker lost them.")
SPOOL_FULL = Counter("kawal_spool_full_total", "Messages refused because the spool was full.")

# --- kafka (kawal.kafka) ---

# Records between what a group has handled and the end of the log, of the partitions that this replica holds.
CONSUMER_LAG_RECORDS = Gauge("kawal_consumer_lag_records", "Records not handled yet.", ["group", "topic"])
# Age of the last handled record while there are others after it; 0 when everything is handled.
CONSUMER_LAG_SECONDS = Gauge("kawal_consumer_lag_seconds", "How far behind handling is.", ["group", "topic"])
# Records polled, by outcome: taken (given to the handler), skipped (unknown type, another group's replay).
CONSUMER_RECORDS = Counter("kawal_consumer_records_total", "Records consumed.", ["group", "topic", "outcome"])
# Records handed to `handle` at once.
CONSUMER_BATCH_RECORDS = Histogram(
    "kawal_consumer_batch_records", "Records in a batch.", ["group"], buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
)
# One call of `handle`, failed ones included.
CONSUMER_HANDLE_SECONDS = Histogram(
    "kawal_consumer_handle_seconds", "Time to handle a batch.", ["group"], buckets=FAST_SECONDS
)
# Calls of `handle` that failed: transient, invalid, unexpected.
CONSUMER_FAILURES = Counter("kawal_consumer_failures_total", "Failed attempts at a batch.", ["group", "kind"])
# Time since the last poll; an alert beside `/healthz`, because aiokafka has no health of its own.
CONSUMER_POLL_AGE_SECONDS = Gauge("kawal_consumer_poll_age_seconds", "Time since the last poll.", ["group", "topic"])
# 1 while a consumer refuses to go on: what it reads, or its own code, is broken. Page on this.
CONSUMER_HALTED = Gauge("kawal_consumer_halted", "Whether a consumer has halted.", ["group"])
CONSUMER_REBALANCES = Counter("kawal_consumer_rebalances_total", "Times partitions were revoked.", ["group"])
# Clients thrown away because they failed or went silent.
CONSUMER_RESTARTS = Counter("kawal_consumer_restarts_total", "Clients replaced.", ["group"])
# Any rise is somebody's work: `kawal dlq list`.
DEAD_LETTERS = Counter("kawal_dead_letters_total", "Records moved to the dead letters.", ["group", "topic", "kind"])
PARKED_KEYS = Gauge("kawal_parked_keys", "Keys whose records go to the dead letters until a replay.", ["group"])
# From the first send of a batch to its last acknowledgement.
PRODUCE_SECONDS = Histogram("kawal_produce_seconds", "Time until a batch is acknowledged.", buckets=FAST_SECONDS)

# --- outbox (kawal.outbox) ---

OUTBOX_DEPTH_ROWS = Gauge("kawal_outbox_depth_rows", "Rows not published yet.", ["schema"])
OUTBOX_OLDEST_SECONDS = Gauge("kawal_outbox_oldest_seconds", "Age of the oldest row not published yet.", ["schema"])
OUTBOX_PUBLISHED = Counter("kawal_outbox_published_total", "Rows published.", ["schema"])
# One round of the relay: read, publish, mark.
OUTBOX_ROUND_SECONDS = Histogram(
    "kawal_outbox_round_seconds", "Time of a round of the relay.", ["schema"], buckets=FAST_SECONDS
)
OUTBOX_SHARDS_HELD = Gauge("kawal_outbox_shards_held", "Shards that this replica publishes.", ["schema"])

# --- case numbers (kawal.case_numbers.leases) ---

# At zero, participants hear their number only once ticket-core is back.
CASE_NUMBERS_LEFT = Gauge("kawal_case_numbers_left", "Leased case numbers that were not handed out yet.")

# --- chat (chat-ingest) ---

# Chat windows that are connected to this replica.
CHAT_CONNECTIONS = Gauge("kawal_chat_connections", "Open chat sockets.")
# Sockets refused before they were accepted: 400 no subprotocol, 403 foreign origin, 503 full.
CHAT_CONNECTIONS_REFUSED = Counter("kawal_chat_connections_refused_total", "Chat sockets refused.", ["status"])
# Sockets that ended, by reason: `left`, a refusal's code, or why a slow reader was cut.
CHAT_CONNECTIONS_ENDED = Counter("kawal_chat_connections_ended_total", "Chat sockets that ended.", ["reason"])
# Frames that could not be accepted because the spool was full; the participant was told to wait.
CHAT_BUSY = Counter("kawal_chat_busy_total", "Chat frames answered with busy.")

# --- deliveries (notifier) ---

# What became of mails and texts that notifier sends itself; edges count what they carry.
DELIVERIES = Counter("kawal_deliveries_total", "Deliveries that came to an end.", ["channel", "result"])
# Mails and texts that wait to be sent, for the first time or again; every replica tells the same.
DELIVERIES_WAITING = Gauge("kawal_deliveries_waiting", "Deliveries not sent yet.", ["channel"])
# Since its turn came; a rise that does not end says that the channel's provider takes nothing.
DELIVERIES_OLDEST_SECONDS = Gauge(
    "kawal_deliveries_oldest_seconds", "Age of the oldest delivery not sent yet.", ["channel"]
)

# --- telephony (voice-ingest) ---

# What callers left and were told is received: voicemail or callback.
VOICE_ACCEPTED = Counter("kawal_voice_accepted_total", "Things that callers left.", ["what"])
# Recordings accepted but not fetched from the provider yet; a rise that does not fall again is an alert.
VOICEMAILS_WAITING = Gauge("kawal_voicemails_waiting", "Recordings still to be fetched.")
# Deliveries by phone that are over: delivered or failed.
VOICE_DELIVERIES = Counter("kawal_voice_deliveries_total", "Deliveries by phone that are over.", ["outcome"])

# --- cases (ticket-core) ---

# One transaction of the write path: lock, load, fold, write, commit.
APPLY_SECONDS = Histogram("kawal_apply_seconds", "Time to apply a batch of inputs.", buckets=FAST_SECONDS)
# By outcome: `applied`, `skipped` (done before, or nothing to do), `refused` (an agent's command).
APPLIED_INPUTS = Counter("kawal_applied_inputs_total", "Inputs that the write path has dealt with.", ["outcome"])
# By clock: `first_response`, `next_response`, `resolution`. What was promised and not done; and what soon will be that.
SLA_BREACHES = Counter("kawal_sla_breaches_total", "Promises to participants that were not kept in time.", ["clock"])
SLA_WARNINGS = Counter("kawal_sla_warnings_total", "Promises to participants that are at risk.", ["clock"])
# Screens that listen to the live stream of this replica, and those that were cut off because they did not keep up.
LIVE_SCREENS = Gauge("kawal_live_screens", "Connected live screens.")
LIVE_SCREENS_CUT = Counter("kawal_live_screens_cut_total", "Live screens that were too slow.")
# Every replica tells the same. A suggestion that nobody decides is a sign that nobody looks.
INCIDENTS_OPEN = Gauge("kawal_incidents_open", "Incidents that are not resolved.")
INCIDENT_SUGGESTIONS = Gauge("kawal_incident_suggestions", "Suggested incidents that nobody has decided on.")
# Age of the first entry that search has not taken in; 0 when it knows all.
SEARCH_LAG_SECONDS = Gauge("kawal_search_lag_seconds", "How far search is behind the timelines.")
SEARCH_INDEXED = Counter("kawal_search_indexed_entries_total", "Timeline entries that search has taken in.")
# Their documents stay as they were: the database refuses the new one. The log (`case_not_indexed`) names each.
SEARCH_SKIPPED = Counter("kawal_search_skipped_cases_total", "Cases that search could not take in.")
# Agents by what they are now: `available`, `away`, `offline`. As the replica that routed last saw it.
AGENTS_PRESENT = Gauge("kawal_agents", "Agents by presence.", ["presence"])
# Cases whose participant waits and that nobody has; for the `unmatched`, nobody who is there has the skill or language.
CASES_WAITING = Gauge("kawal_queue_cases", "Cases that wait for an agent.", ["kind"])
QUEUE_OLDEST_SECONDS = Gauge("kawal_queue_oldest_seconds", "How long the case waits that has waited longest.")
# From the participant's first unanswered word until the case left the queue, to an agent or otherwise.
QUEUE_WAIT_SECONDS = Histogram(
    "kawal_queue_wait_seconds",
    "How long cases waited for an agent.",
    ["channel"],
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 4 * 3_600, 24 * 3_600),
)
CASES_ROUTED = Counter("kawal_cases_routed_total", "Cases that routing has given to an agent.")
# How sending a webhook ended: delivered, status (no 2xx), timeout, unreachable, address_refused.
WEBHOOKS_SENT = Counter("kawal_webhooks_sent_total", "Webhooks that were sent, or tried.", ["outcome"])
WEBHOOK_SECONDS = Histogram("kawal_webhook_seconds", "Time until a subscriber answered or failed.")
WEBHOOKS_DISABLED = Counter("kawal_webhooks_disabled_total", "Subscriptions that were given up.")
# What became of a rule that would have changed a case: fired, refused (one of its acts was not possible), loop (it had
# led to what it would answer), too_often (the case's bound for an hour), failed (our mistake: page on it).
RULES_RUN = Counter("kawal_rules_run_total", "Rules that would have changed a case.", ["outcome"])
# Age of the first entry that rules have not seen to; 0 when they have seen all.
RULES_LAG_SECONDS = Gauge("kawal_rules_lag_seconds", "How far rules are behind the timelines.")
