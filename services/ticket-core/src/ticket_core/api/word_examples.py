"""Examples of the programme's words, as `examples` has all others."""

from typing import Any

WORD_EXAMPLES: dict[str, Any] = {
    "TopicList": {
        "items": [
            {
                "key": "incentive.not_paid",
                "label": {"id": "Insentif belum cair", "en": "The incentive has not been paid"},
                "group": "incentive",
                "group_label": {"id": "Insentif", "en": "Incentive"},
            }
        ],
        "next_cursor": None,
    },
    "ReasonList": {
        "items": [
            {
                "key": "fixed",
                "label": {"id": "Masalah sudah diperbaiki", "en": "The problem was fixed"},
                "step": "resolution",
            }
        ],
        "next_cursor": None,
    },
    "FieldList": {
        "items": [
            {
                "key": "paid_through",
                "label": {"id": "Rekening atau dompet digital", "en": "Account or e-wallet"},
                "kind": "choice",
                "topics": ["incentive"],
                "choices": [{"key": "bni", "label": {"id": "BNI", "en": "BNI"}}],
            }
        ],
        "next_cursor": None,
    },
    "TagList": {"items": [{"tag": "batch-12", "cases": 31}], "next_cursor": None},
}
