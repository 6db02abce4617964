import re

import pytest
from deployment_files import CHECKOUT, SETTINGS, compose, known, required, script, variables

from kawal.settings import ServiceSettings

SERVICES = compose()["services"]
DRAIN_S = ServiceSettings.model_fields["drain_s"].default
DOORS = {"8101", "8102", "8103", "8104"}
MAILBOX = "8126"
SECRET = re.compile(r"_(KEY|TOKEN|PASSWORD|SID|HASH|DSN)$")
FROM_SECRETS = re.compile(r"\$\{(\w+):\?run make secrets\}")
# Its start script writes into its root file system.
WRITABLE = {"kafka"}


@pytest.mark.parametrize("name", SETTINGS)
class TestService:
    def test_has_all_that_it_must_be_told(self, name: str) -> None:
        assert required(SETTINGS[name]) <= set(SERVICES[name]["environment"])

    def test_is_told_nothing_that_it_would_ignore(self, name: str) -> None:
        assert set(SERVICES[name]["environment"]) <= known(SETTINGS[name])

    def test_may_drain_before_it_is_killed(self, name: str) -> None:
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > DRAIN_S


@pytest.mark.parametrize("name", SERVICES)
class TestContainer:
    def test_is_hardened(self, name: str) -> None:
        container = SERVICES[name]
        assert container["read_only"] is (name not in WRITABLE)
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "cpus", "pids_limit"} <= set(container)

    def test_publishes_nothing_but_doors(self, name: str) -> None:
        published = {port.rsplit(":", 2)[-2] for port in SERVICES[name].get("ports", [])}
        assert published <= DOORS | ({MAILBOX} if name == "mail" else set())

    def test_has_no_secret_of_its_own(self, name: str) -> None:
        secrets = {key: value for key, value in SERVICES[name].get("environment", {}).items() if SECRET.search(key)}
        assert [key for key, value in secrets.items() if not FROM_SECRETS.search(value)] == []

    def test_is_of_a_named_version(self, name: str) -> None:
        assert re.search(r":v?\d+\.\d+(\.\d+)?\}?$", SERVICES[name]["image"])


class TestVariables:
    def test_make_secrets_makes_all_that_are_asked_for(self) -> None:
        wanted = set(FROM_SECRETS.findall((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")))
        assert wanted <= set(variables(script("make_secrets").environment()))

    def test_trying_it_needs_nothing_else(self) -> None:
        text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
        wanted = set(re.findall(r"\$\{(\w+):\?set it in \.env", text))
        assert wanted <= set(variables((CHECKOUT / "deploy" / "docker" / "try.env").read_text(encoding="utf-8")))

    @pytest.mark.parametrize(("name", "switch"), [("voice-ingest", "VOICE_EMULATOR"), ("chat-ingest", "CHAT_DEMO")])
    def test_nothing_is_emulated_unless_asked_for(self, name: str, switch: str) -> None:
        assert SERVICES[name]["environment"][f"KAWAL_{switch}"] == f"${{KAWAL_{switch}:-false}}"
