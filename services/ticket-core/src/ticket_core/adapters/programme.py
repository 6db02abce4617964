"""The part of the programme's files that decides over the life of a case, as the domain's policy."""

from dataclasses import replace
from pathlib import Path

from kawal.programme import CaseField, Fields, Reasons, Topics
from ticket_core.adapters.sla_files import load_sla
from ticket_core.domain.fields import FieldKind, FieldRule
from ticket_core.domain.policy import Policy


def with_programme(policy: Policy, *, programme: Path) -> Policy:
    """`policy` with the reasons, topics, fields and promises of the folder `programme`; raises `ProgrammeError`."""
    reasons = Reasons.load(programme)
    return replace(
        policy,
        hold_reasons=frozenset(reason.key for reason in reasons.on_hold),
        resolution_reasons=frozenset(reason.key for reason in reasons.resolution),
        topics=frozenset(Topics.load(programme)),
        fields={field.key: rule_of(field) for field in Fields.load(programme).fields},
        sla=load_sla(programme),
    )


def rule_of(field: CaseField) -> FieldRule:
    """What the domain knows of a field."""
    return FieldRule(
        key=field.key,
        kind=FieldKind(field.kind),
        topics=frozenset(field.topics),
        choices=frozenset(choice.key for choice in field.choices),
    )
