"""What a programme's owner edits, `programme/*.yaml`, loaded into types; a mistake names its file and place."""

from kawal.programme.loading import ProgrammeError, load_yaml
from kawal.programme.templates import Templates
from kawal.programme.topics import ComplaintTopic, Label, TopicGroup, Topics

__all__ = [
    "ComplaintTopic",
    "Label",
    "ProgrammeError",
    "Templates",
    "TopicGroup",
    "Topics",
    "load_yaml",
]
