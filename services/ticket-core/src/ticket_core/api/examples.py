"""What the API's documentation shows: one example for each body and answer, by the name of its schema."""

from typing import Any

from ticket_core.api.rule_examples import RULE_EXAMPLES
from ticket_core.api.word_examples import WORD_EXAMPLES

NUMBER = "4829130574"
_CASE = "0198f2c0-5a1e-7c3d-9b1f-2f6f0a1b2c3d"
_PARTICIPANT = "0198f2c0-5a1d-7b2c-8a0e-1e5e0a1b2c3d"
_OTHER = "0198f2c0-5b2e-7c3d-9b1f-2f6f0a1b2c3e"
_AGENT = "0198f2c0-0000-7000-8000-0000000000b1"
_VIEW = "0198f2c0-6000-7000-8000-0000000000e1"
_OPENED, _SAID = "2026-11-24T03:02:11.412Z", "2026-11-24T03:09:57.003Z"
_AT_RISK, _DUE = "2026-11-24T03:21:57.003Z", "2026-11-24T03:24:57.003Z"
_TEXT = "Insentif saya belum cair"

PARAMETERS: dict[str, Any] = {
    "number": "482-913-0574",
    "participant_id": _PARTICIPANT,
    "other_id": _OTHER,
    "other": "482-913-0582",
    "view_id": _VIEW,
    "agent_id": _AGENT,
    "rule_key": "fraud_is_urgent",
    "macro_key": "ask_screenshot",
    "case": NUMBER,
    "webhook_id": "0198f2c0-7000-7000-8000-0000000000f1",
    "incident_id": _VIEW,
    "incident": _VIEW,
    "suggestion_id": _OTHER,
    "seq": 2,
    "place": 0,
    "Idempotency-Key": "7f9c1a52-0b7d-4c55",
    "If-Match": f'"{NUMBER}.7"',
}
"""By the name of the parameter; the others are plain."""

_WEBHOOK = {
    "id": "0198f2c0-7000-7000-8000-0000000000f1",
    "url": "https://desk.example.id/kawal",
    "kinds": ["opened", "state"],
    "description": "The programme's own desk",
    "state": "active",
    "created_at": _OPENED,
    "succeeded_at": None,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}
_APPLIED = {"case_id": _CASE, "number": NUMBER, "state": "open", "seq": 7, "last_seq": 7}
_SUMMARY = {
    "id": _CASE,
    "number": NUMBER,
    "state": "open",
    "topic": "incentive.not_paid",
    "priority": "normal",
    "assignee_id": _AGENT,
    "assignee_name": "Budi",
    "participant_id": _PARTICIPANT,
    "participant_name": "Siti",
    "subject": _TEXT,
    "snippet": "Sudah dua minggu",
    "last_kind": "message",
    "channels": ["chat"],
    "opened_at": _OPENED,
    "activity_at": _SAID,
    "waiting_since": _SAID,
    "last_seq": 7,
    "due_at": _DUE,
    "risk_at": _AT_RISK,
}
_VIEW_FILTER = {"active": True, "assignee": "me", "priority": ["urgent"]}
_SAVED = {
    "id": _VIEW,
    "name": "Mine, urgent",
    "shared": False,
    "mine": True,
    "filter": _VIEW_FILTER,
    "created_at": _OPENED,
}
_TITLE = {"id": "Dasbor tidak bisa dibuka", "en": "The dashboard is down"}
_TEXTS = {"id": "Dasbor sudah bisa dibuka lagi.", "en": "The dashboard works again."}
_INCIDENT = {
    "id": _VIEW,
    "title": _TITLE,
    "topic": "account.other",
    "state": "open",
    "created_at": _OPENED,
    "created_by": "Budi",
    "resolved_at": None,
    "resolved_by": None,
    "updates": 1,
    "cases": 31,
    "active": 30,
    "suggested": 4,
}
_UPDATE = {"seq": 1, "at": _SAID, "agent_name": "Budi", "texts": _TEXTS, "waiting": 0, "told": 30, "refused": 1}
_PROFILE = {"capacity": 8, "skills": ["fraud"], "languages": ["en", "id"], "teams": ["payments"]}

EXAMPLES: dict[str, Any] = {
    "ReplyBody": {"text": "Kami sudah memeriksa. Insentif Anda dikirim hari ini."},
    "AssignBody": {"assignee_id": "me"},
    "TopicBody": {"topic": "incentive.not_paid"},
    "ResolveBody": {"reason": "fixed"},
    "HoldBody": {"reason": "payment_provider"},
    "NoteBody": {"text": "@Dewi, tolong tanyakan ke bank."},
    "PriorityBody": {"priority": "high"},
    "TagsBody": {"add": ["batch-12"], "remove": ["vip"]},
    "FieldsBody": {"values": {"call_back_wanted": True}},
    "NoBody": {},
    "BulkBody": {
        "cases": [{"number": NUMBER, "last_seq": 6}, {"number": "482-913-0582"}],
        "action": {"kind": "assign", "assignee_id": "me"},
    },
    "BulkResults": {
        "done": 1,
        "refused": 1,
        "items": [
            {"number": NUMBER, "applied": _APPLIED, "problem": None},
            {
                "number": "482-913-0582",
                "applied": None,
                "problem": {
                    "status": 404,
                    "code": "case_not_found",
                    "title": "There is no such case",
                    "detail": "No case has this number",
                    "etag": None,
                },
            },
        ],
    },
    "ViewBody": {"name": "Mine, urgent", "filter": _VIEW_FILTER},
    "LeaseBody": {"count": 2},
    "Lease": {"numbers": [NUMBER, "4829130582"]},
    "Applied": _APPLIED,
    "CasePage": {"items": [_SUMMARY], "next_cursor": None, "matches": {}},
    "CaseView": _SUMMARY
    | {
        "aliases": [],
        "follow_up_of": None,
        "conversation_id": "chat:0198f2c05a1c",
        "resolved_at": None,
        "close_at": None,
        "reason": None,
        "tags": ["batch-12"],
        "fields": {"call_back_wanted": True},
        "incident_id": None,
        "conversations": [
            {
                "id": "chat:0198f2c05a1c",
                "channel": "chat",
                "locale": "id",
                "name": "Siti",
                "last_seq": 4,
                "read_seq": 3,
                "identity_kinds": ["phone"],
            }
        ],
        "clocks": [
            {
                "kind": "next_response",
                "state": "running",
                "policy": "chat",
                "begun_at": _SAID,
                "as_of": _SAID,
                "used_s": 0,
                "target_s": 900,
                "due_at": _DUE,
                "breached": False,
            }
        ],
        "links": [
            {
                "relation": "predecessor",
                "number": "4829130582",
                "state": "closed",
                "topic": "incentive.not_paid",
                "subject": _TEXT,
                "participant_name": "Siti",
            }
        ],
    },
    "TimelinePage": {
        "items": [
            {
                "seq": 2,
                "kind": "message",
                "at": _OPENED,
                "channel": "chat",
                "conversation_id": "chat:0198f2c05a1c",
                "conversation_seq": 1,
                "author": "participant",
                "author_id": None,
                "author_name": "Siti",
                "text": _TEXT,
                "state": None,
                "about": None,
                "payload": {},
                "delivery": {},
                "moved_to": None,
                "included": [],
            }
        ],
        "next_cursor": "2",
    },
    "MentionPage": {
        "items": [
            {
                "case_id": _CASE,
                "number": NUMBER,
                "state": "open",
                "seq": 5,
                "at": _SAID,
                "author_id": _AGENT,
                "author_name": "Budi",
                "text": "@Dewi, tolong tanyakan ke bank.",
                "unseen": True,
            }
        ],
        "next_cursor": None,
        "unseen": 1,
        "mark": "81234",
    },
    "SeenBody": {"mark": "81234"},
    "ParticipantView": {
        "id": _PARTICIPANT,
        "name": "Siti",
        "locale": "id",
        "created_at": _OPENED,
        "identities": [{"kind": "phone", "value": "+6281234567890", "assurance": "possessed"}],
        "cases": [_SUMMARY],
        "suggestions": [
            {
                "participant_id": _OTHER,
                "participant_name": "Siti",
                "kind": "phone",
                "value": "+6281234567890",
                "assurance": "claimed",
                "state": "open",
                "suggested_at": _SAID,
                "case_numbers": ["4829130582"],
                "evidence": [
                    {"kind": "phone", "value": "+6281234567890", "assurance": "claimed"},
                    {"kind": "name", "value": "Siti", "assurance": "claimed"},
                ],
            }
        ],
        "merged": [],
    },
    "MergeBody": {"other_id": _OTHER, "reason": "Nama dan tanggal lahir sama"},
    "UnmergeBody": {"reason": "Ternyata kakaknya"},
    "IdentityBody": {"kind": "phone", "value": "0812 3456 7890", "reason": "KTP diperiksa lewat panggilan video"},
    "PersonChanged": {"participant_id": _PARTICIPANT},
    "OtherBody": {"other": "482-913-0582"},
    "SplitBody": {
        "entries": [5, 6],
        "onwards": False,
        "goes_on": "newest",
        "topic": "training.certificate_missing",
        "reason": "Dua kendala dalam satu percakapan",
    },
    "UndoSplitBody": {"reason": "Ternyata kendala yang sama"},
    "UnlinkBody": {"other": "482-913-0582", "reason": "Ternyata masalah lain"},
    "LinkBody": {"other": "482-913-0582", "relation": "parent", "reason": "Satu penyebab, dilaporkan dua kali"},
    "AgentView": {"id": _AGENT, "name": "Budi", "email": "budi@example.id", "roles": ["agent"]},
    "PresenceBody": {"presence": "available"},
    "PresenceView": {"presence": "available", "chosen": "available", "since": _OPENED},
    "ProfileBody": _PROFILE,
    "ProfileView": _PROFILE,
    "AgentAtWork": _PROFILE
    | {"id": _AGENT, "name": "Budi", "presence": "available", "since": _OPENED, "load": 4, "capacity": 8},
    "TeamView": {
        "key": "payments",
        "label": {"id": "Tim Insentif", "en": "Payments team"},
        "topics": ["incentive"],
        "members": 6,
        "present": 4,
        "waiting": 2,
    },
    "Queue": {
        "waiting": 1,
        "unmatched": 0,
        "items": [
            {
                "number": NUMBER,
                "channel": "chat",
                "topic": "incentive.not_paid",
                "priority": "normal",
                "waiting_since": _SAID,
                "position": 1,
                "wait_minutes": 3,
            }
        ],
    },
    "IncidentBody": {"title": _TITLE, "topic": "account.other", "suggestion_id": _OTHER},
    "IncidentView": _INCIDENT,
    "IncidentPage": {"items": [_INCIDENT], "next_cursor": None},
    "IncidentInFull": {"incident": _INCIDENT, "updates": [_UPDATE]},
    "Audience": {
        "reached": 30,
        "unreached": 1,
        "items": [
            {"locale": "id", "channel": "chat", "reached": True, "cases": 30},
            {"locale": "id", "channel": "voice", "reached": False, "cases": 1},
        ],
    },
    "IncidentCasePage": {
        "items": [
            {
                "id": _CASE,
                "number": NUMBER,
                "state": "open",
                "topic": "account.other",
                "participant_name": "Siti",
                "subject": _TEXT,
                "opened_at": _OPENED,
            }
        ],
        "next_cursor": None,
    },
    "JoiningBody": {"numbers": ["482-913-0574"], "tell_last": True},
    "SuggestedBody": {"tell_last": True},
    "LeavingBody": {"numbers": ["482-913-0574"]},
    "UpdateBody": {"texts": _TEXTS},
    "UpdateView": _UPDATE,
    "ResolveCasesBody": {"reason": "fixed"},
    "SuggestionList": {
        "items": [
            {
                "id": _OTHER,
                "topic": "account.other",
                "since": _OPENED,
                "found_at": _SAID,
                "seen_at": _SAID,
                "over_at": None,
                "people": 27,
                "per_hour": 31.0,
                "usual_per_hour": 4.0,
                "words": ["dashboard", "error"],
                "cases": 29,
            }
        ]
    },
    "ViewView": _SAVED,
    **RULE_EXAMPLES,
    **WORD_EXAMPLES,
    "WebhookBody": {"url": _WEBHOOK["url"], "kinds": _WEBHOOK["kinds"], "description": _WEBHOOK["description"]},
    "ReplayBody": {"since": _OPENED},
    "SecretBody": {"overlap_hours": 24},
    "WebhookView": _WEBHOOK,
    "NewWebhook": {"webhook": _WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8kYkYkYkYkY="},
    "WebhookList": {"items": [_WEBHOOK], "next_cursor": None},
    "DeliveryPage": {
        "items": [
            {
                "event_id": "evt_0198f2c05a1e7c3d9b1f2f6f0a1b2c3d_7",
                "case_number": NUMBER,
                "seq": 7,
                "kind": "state",
                "state": "pending",
                "attempts": 1,
                "queued_at": _SAID,
                "next_at": _SAID,
                "settled_at": None,
                "last_status": 503,
                "last_error": "status",
            }
        ],
        "next_cursor": None,
    },
    "ViewList": {"items": [{"view": _SAVED, "count": 3, "more": False}]},
}
