"""What the deployment's files say, read as they are: no engine, no cluster, no socket."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

import chat_ingest.settings
import notifier.settings
import ticket_core.settings
import voice_ingest.settings
import webform_ingest.settings
from kawal.settings import ServiceSettings

CHECKOUT = Path(__file__).parents[2]
K8S = CHECKOUT / "deploy" / "k8s"
SETTINGS: dict[str, type[ServiceSettings]] = {
    "chat-ingest": chat_ingest.settings.Settings,
    "voice-ingest": voice_ingest.settings.Settings,
    "webform-ingest": webform_ingest.settings.WebSettings,
    "ticket-core": ticket_core.settings.Settings,
    "notifier": notifier.settings.NotifierSettings,
}


def required(settings: type[ServiceSettings]) -> set[str]:
    """The variables without which a service does not start."""
    return {f"KAWAL_{name.upper()}" for name, field in settings.model_fields.items() if field.is_required()}


def known(settings: type[ServiceSettings]) -> set[str]:
    """The variables that a service reads; any other one would be ignored without a word."""
    return {f"KAWAL_{name.upper()}" for name in settings.model_fields}


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def manifests(path: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def workload(name: str) -> dict[str, Any]:
    kinds = {"StatefulSet", "Deployment", "Job"}
    return next(found for found in manifests(K8S / "base" / f"{name}.yaml") if found["kind"] in kinds)


def variables(text: str) -> dict[str, str]:
    """The variables of an env file's text."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def script(name: str) -> ModuleType:
    """A module of deploy/docker, which is no package: the files there run by themselves."""
    path = CHECKOUT / "deploy" / "docker" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploy_docker_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
