from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from deployment_files import K8S, SETTINGS, known, manifests, required, variables, workload

from kawal.settings import ServiceSettings
from kawal_local.services import SERVICES

OVERLAYS = ("dev", "prod")
DRAIN_S = ServiceSettings.model_fields["drain_s"].default
NARROW = 16
"""Bits of the narrowest network that a cluster usually gives to its pods."""
PORTS = {service.name: service.port for service in SERVICES}


def container(name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = workload(name)["spec"]["template"]["spec"]["containers"]
    return found[0]


def secrets(name: str) -> set[str]:
    return {variable["name"] for variable in container(name)["env"]}


def _settings_files(overlay: str) -> tuple[Path, Path]:
    return K8S / "base" / "settings.env", K8S / "overlays" / overlay / "settings.env"


def settings(overlay: str) -> set[str]:
    return {name for file in _settings_files(overlay) for name in variables(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", SETTINGS)
class TestService:
    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_has_all_that_it_must_be_told(self, name: str, overlay: str) -> None:
        assert required(SETTINGS[name]) <= secrets(name) | settings(overlay)

    def test_gets_only_secrets_that_it_reads(self, name: str) -> None:
        assert secrets(name) <= known(SETTINGS[name])

    def test_has_its_ports(self, name: str) -> None:
        ports = {port["name"]: port["containerPort"] for port in container(name)["ports"]}
        assert ports == {"http": PORTS[name], "operations": PORTS[name] + 1_000}

    def test_is_selected_by_its_own_name_only(self, name: str) -> None:
        label = {"app.kubernetes.io/name": name}
        found = list(manifests(K8S / "base" / f"{name}.yaml"))
        selectors = [one["spec"]["selector"] for one in found if "selector" in one.get("spec", {})]
        assert all(selector in (label, {"matchLabels": label}) for selector in selectors)


@pytest.mark.parametrize("name", ["chat-ingest", "voice-ingest", "webform-ingest"])
class TestEdge:
    def test_keeps_its_spool(self, name: str) -> None:
        edge = workload(name)
        (claim,) = edge["spec"]["volumeClaimTemplates"]
        assert edge["kind"] == "StatefulSet"
        assert edge["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
        assert {"name": claim["metadata"]["name"], "mountPath": "/var/lib/kawal"} in container(name)["volumeMounts"]


class TestSettings:
    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_none_would_be_ignored(self, overlay: str) -> None:
        # `kawal topics` reads these, no service does.
        replication = {"KAWAL_KAFKA_REPLICATION_FACTOR", "KAWAL_KAFKA_MIN_INSYNC_REPLICAS"}
        assert settings(overlay) <= replication.union(*(known(one) for one in SETTINGS.values()))

    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_trusts_no_network_as_wide_as_those_of_participants(self, overlay: str) -> None:
        found = [variables(file.read_text(encoding="utf-8")) for file in _settings_files(overlay)]
        (trusted,) = [one["KAWAL_TRUSTED_PROXIES"] for one in found if "KAWAL_TRUSTED_PROXIES" in one]
        assert all(ip_network(one).prefixlen >= NARROW for one in trusted.split(","))

    def test_the_example_names_every_secret(self) -> None:
        example = variables((K8S / "secrets.example.env").read_text(encoding="utf-8"))
        assert set(example) == set().union(*(secrets(name) for name in [*SETTINGS, "prepare"]))


class TestEnd:
    def test_the_drain_fits_in(self) -> None:
        (patch,) = manifests(K8S / "base" / "servers.yaml")
        pod = patch["spec"]["template"]["spec"]
        waits = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] > waits + DRAIN_S
