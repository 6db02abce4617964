"""YAML into pydantic models, with errors that an owner who is no programmer can act on."""

from collections.abc import Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

M = TypeVar("M", bound=BaseModel)


class Closed(BaseModel):
    """A record of a programme's file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgrammeError(Exception):
    """A file of the programme cannot be used; the message names the file, the place in it and the reason."""

    def __init__(self, path: Path, *problems: str) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


def load_yaml(path: Path, model: type[M]) -> M:
    """The file as a `model`.

    Raises:
        ProgrammeError: it is missing, no YAML, says a key twice, or does not fit the model.
    """
    try:
        found = _validated(path.read_text("utf-8"), model)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ProgrammeError(path, f"cannot be read ({type(unreadable).__name__})") from unreadable
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 0
        raise ProgrammeError(path, f"line {line}: {broken.problem}") from broken
    except ValidationError as invalid:
        raise ProgrammeError(path, *(_problem(error) for error in invalid.errors())) from invalid
    return cast("M", found)


@lru_cache(maxsize=64)
def _validated(text: str, model: type[BaseModel]) -> BaseModel:
    """Kept, since each part of a service asks for the topics again while it starts; models are frozen."""
    return model.model_validate(yaml.load(text, Loader=_UniqueKeyLoader))  # noqa: S506 derives from SafeLoader


def _problem(error: Any) -> str:
    place = ".".join(str(step) for step in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML takes the last of two equal keys; here the second one is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 PyYAML's signature
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
