"""Reads `programme/ivr/*.yaml`."""

from pathlib import Path

from kawal.programme import ProgrammeError, Topics, load_yaml
from voice_ingest.domain.flow import Flow

FOLDER = "ivr"


def load(programme: Path, name: str) -> Flow:
    """One hotline's flow, its topics of complaint checked; raises `ProgrammeError`."""
    return _load(programme / FOLDER / f"{name}.yaml", topics=Topics.load(programme))


def check(programme: Path) -> None:
    """For `kawal check`: every flow can be used; raises `ProgrammeError`."""
    topics = Topics.load(programme)
    for path in sorted((programme / FOLDER).glob("*.yaml")):
        _load(path, topics=topics)


def _load(path: Path, *, topics: Topics) -> Flow:
    flow = load_yaml(path, Flow)
    unknown = [
        f"steps.{step}: {topic!r} is no topic of complaint (topics.yaml)"
        for topic, step in flow.topics().items()
        if topic not in topics
    ]
    if unknown:
        raise ProgrammeError(path, *unknown)
    return flow
