"""The tables of the schema `core`, by what they are about."""

from kawal.inbox import inbox_table
from kawal.kafka.parked import parked_keys_table
from kawal.outbox import outbox_table
from ticket_core.store.tables.cases import (
    case_numbers,
    cases,
    conversations,
    number_counter,
    once,
    recording_accesses,
    timeline,
    timers,
)
from ticket_core.store.tables.desk import (
    agent_profiles,
    agent_sessions,
    agents,
    api_tokens,
    attendance,
    desk_macros,
    mention_marks,
    queue_departures,
    saved_views,
)
from ticket_core.store.tables.incidents import (
    incident_tellings,
    incident_updates,
    incidents,
    topic_hours,
    topic_rise_cases,
    topic_rises,
)
from ticket_core.store.tables.people import (
    claims,
    dismissals,
    identities,
    participant_import_faults,
    participant_imports,
    participants,
    said_of_people,
    suggestions,
)
from ticket_core.store.tables.rules import rule_firings, rule_place, rule_versions
from ticket_core.store.tables.schema import metadata
from ticket_core.store.tables.search import case_search, search_place, search_stale
from ticket_core.store.tables.webhooks import webhook_deliveries, webhook_former_secrets, webhook_marks, webhooks

inbox = inbox_table(metadata)
outbox = outbox_table(metadata)
parked_keys = parked_keys_table(metadata)

__all__ = [
    "agent_profiles",
    "agent_sessions",
    "agents",
    "api_tokens",
    "attendance",
    "case_numbers",
    "case_search",
    "cases",
    "claims",
    "conversations",
    "desk_macros",
    "dismissals",
    "identities",
    "inbox",
    "incident_tellings",
    "incident_updates",
    "incidents",
    "mention_marks",
    "metadata",
    "number_counter",
    "once",
    "outbox",
    "parked_keys",
    "participant_import_faults",
    "participant_imports",
    "participants",
    "queue_departures",
    "recording_accesses",
    "rule_firings",
    "rule_place",
    "rule_versions",
    "said_of_people",
    "saved_views",
    "search_place",
    "search_stale",
    "suggestions",
    "timeline",
    "timers",
    "topic_hours",
    "topic_rise_cases",
    "topic_rises",
    "webhook_deliveries",
    "webhook_former_secrets",
    "webhook_marks",
    "webhooks",
]
