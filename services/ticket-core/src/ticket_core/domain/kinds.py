"""The words for what happens to a case."""

from enum import StrEnum


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Relation(StrEnum):
    """What another case is to the one that says so."""

    PARENT = "parent"
    CHILD = "child"
    RELATED = "related"
    FOLLOW_UP = "follow_up"
    PREDECESSOR = "predecessor"


class EntryKind(StrEnum):
    OPENED = "opened"
    MESSAGE = "message"
    FORM = "form"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    NOTICE = "notice"
    STATE = "state"
    ASSIGNED = "assigned"
    TOPIC = "topic"
    NUMBER = "number"
    DELIVERY = "delivery"
    READ = "read"
    REPEATED = "repeated"
    SIMILAR = "similar"
    NOTE = "note"
    PRIORITY = "priority"
    TAGS = "tags"
    FIELDS = "fields"
    MERGED = "merged"
    ABSORBED = "absorbed"
    MERGE_UNDONE = "merge_undone"
    RELEASED = "released"
    LINKED = "linked"
    UNLINKED = "unlinked"
    ENTRIES_MOVED = "entries_moved"
    SPLIT_OFF = "split_off"
    ENTRIES_RETURNED = "entries_returned"
    SPLIT_UNDONE = "split_undone"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    PERSON_MERGED = "person_merged"
    PERSON_UNMERGED = "person_unmerged"
    INCIDENT = "incident"
    UPDATE = "update"
    AUTOMATIC_ANSWER = "automatic_answer"
    SLA_WARNED = "sla_warned"
    SLA_BREACHED = "sla_breached"
    SLA_CHANGED = "sla_changed"
