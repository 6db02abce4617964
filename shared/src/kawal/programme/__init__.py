"""What a programme's owner edits, `programme/*.yaml`, loaded into types; a mistake names its file and place."""

from kawal.programme.fields import CaseField, FieldKind, Fields
from kawal.programme.loading import ProgrammeError, load_yaml
from kawal.programme.reasons import Reason, Reasons
from kawal.programme.templates import Templates
from kawal.programme.topics import ComplaintTopic, Label, TopicGroup, Topics

__all__ = [
    "CaseField",
    "ComplaintTopic",
    "FieldKind",
    "Fields",
    "Label",
    "ProgrammeError",
    "Reason",
    "Reasons",
    "Templates",
    "TopicGroup",
    "Topics",
    "load_yaml",
]
