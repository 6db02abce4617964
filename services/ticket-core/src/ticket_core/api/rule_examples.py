"""Those of `examples` that are about rules and macros."""

from typing import Any

_NUMBER = "4829130574"
_AGENT = "0198f2c0-0000-7000-8000-0000000000b1"
_OPENED, _SAID = "2026-11-24T03:02:11.412Z", "2026-11-24T03:09:57.003Z"
_RULE: dict[str, Any] = {
    "key": "fraud_is_urgent",
    "label": {"id": "Penipuan itu mendesak", "en": "Fraud is urgent"},
    "when": ["opened", "topic"],
    "if": {"topic": ["account.fraud"], "not": {"tags": ["penipuan"]}},
    "then": {"priority": "urgent", "tags": {"add": ["penipuan"]}},
}
_SHELVED = {
    "key": _RULE["key"],
    "version": 2,
    "origin": "desk",
    "enabled": True,
    "order": 100,
    "definition": _RULE,
    "problems": [],
    "changed_at": _SAID,
    "changed_by": _AGENT,
    "changed_by_name": "Budi",
}
_NOT_MET = {
    "condition": "topic",
    "wanted": ["account.fraud"],
    "found": ["incentive", "incentive.not_paid"],
    "met": False,
}

_MACRO = {
    "key": "ask_screenshot",
    "label": {"id": "Minta tangkapan layar", "en": "Ask for a screenshot"},
    "topics": [],
    "text": {
        "id": "{{participant.name|Bapak/Ibu}}, boleh kirim tangkapan layarnya?",
        "en": "Could you send us a screenshot?",
    },
    "then": {"tags": {"add": ["tunggu-bukti"]}},
}

_MACRO_VIEW = _MACRO | {"origin": "team", "team": "payments", "version": 2}

RULE_EXAMPLES: dict[str, Any] = {
    "MacroList": {"items": [_MACRO_VIEW]},
    "MacroView": _MACRO_VIEW,
    "MacroWriting": _MACRO | {"key": "thanks", "team": None},
    "MacroPreview": {
        "key": "ask_screenshot",
        "language": "id",
        "text": "Siti, boleh kirim tangkapan layarnya?",
        "then": {"tags": {"add": ["tunggu-bukti"]}},
    },
    "MacroBody": {"text": "Siti, boleh kirim tangkapan layarnya? Terima kasih."},
    "RuleSource": _RULE,
    "RuleView": _SHELVED,
    "RuleList": {"items": [_SHELVED]},
    "RuleVersions": {
        "items": [{"version": 2, "definition": _RULE, "at": _SAID, "agent_id": _AGENT, "agent_name": "Budi"}]
    },
    "RuleFirings": {
        "items": [
            {
                "case_number": _NUMBER,
                "seq": 1,
                "kind": "opened",
                "version": 2,
                "at": _SAID,
                "first_seq": 4,
                "last_seq": 5,
                "refused": None,
            }
        ]
    },
    "DryRunBody": {"cases": 100, "rule": _RULE, "alone": True},
    "DryRun": {
        "cases": 100,
        "entries": 731,
        "complete": True,
        "rules": [{"rule": _RULE["key"], "fired": 1, "refused": 0, "loop": 0, "too_often": 0, "cases": 1}],
        "items": [
            {
                "number": _NUMBER,
                "seq": 1,
                "kind": "opened",
                "at": _OPENED,
                "rule": _RULE["key"],
                "outcome": "fired",
                "refused": None,
                "changes": [{"kind": "priority", "text": "", "state": None, "details": {"priority": "urgent"}}],
            }
        ],
    },
    "WhyView": {
        "rule": _RULE["key"],
        "enabled": True,
        "number": _NUMBER,
        "items": [
            {
                "seq": 1,
                "because": "not_met",
                "refused": None,
                "failed": [{**_NOT_MET, "parts": []}],
                "checked": {**_NOT_MET, "parts": []},
            }
        ],
    },
}
