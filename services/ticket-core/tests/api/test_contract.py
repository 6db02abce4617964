"""The API keeps to its own description, whatever is asked of it: schemathesis against the running service."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import DEWI, contact, message
from core_service import API_TOKEN, PROGRAMME, SERVICE_TOKEN, Served
from core_tables import rows
from ticket_core.adapters.sla_files import load_sla
from ticket_core.api.examples import EXAMPLES, NUMBER
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import WriteNote
from ticket_core.domain.sla import SlaPolicies
from ticket_core.rebuild import differences

pytestmark = pytest.mark.integration

BUDGET_S = 45
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ENDLESS = "/v1/events"
CONFIG = """
[parameters]
"header.If-Match" = "*"
"path.seq" = 2
{parameters}

[[operations]]
include-path = "/v1/case-numbers/leases"
headers = {{ Authorization = "Bearer {service_token}" }}
"""


@pytest.fixture
def sla() -> SlaPolicies:
    return load_sla(PROGRAMME)


@pytest.fixture
async def document(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = (await served.anyone.get("/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{how} {path}", one) for path, known in document["paths"].items() for how, one in known.items()]


class TestDocument:
    async def test_names_no_schema_by_where_it_stands_in_the_code(self, document: dict[str, Any]) -> None:
        """As FastAPI does for two of one name."""
        assert [name for name in document["components"]["schemas"] if "__" in name] == []

    async def test_operation_ids_are_names(self, document: dict[str, Any]) -> None:
        ids = [operation["operationId"] for _, operation in operations(document)]
        assert len(set(ids)) == len(ids)
        assert all(one.isidentifier() for one in ids), ids
        assert {"list_cases", "get_case", "reply", "assign", "act_on_many"} <= set(ids)

    async def test_every_body_and_answer_has_an_example(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            contents = [one.get("content", {}) for one in operation["responses"].values()]
            contents.append(operation.get("requestBody", {}).get("content", {}))
            for media in (content["application/json"] for content in contents if "application/json" in content):
                assert "example" in media, f"{name}: write one for its schema into ticket_core/api/examples.py"
                jsonschema.validate(media["example"], media["schema"] | {"components": document["components"]})

    async def test_problems_are_told_by_their_codes(self, document: dict[str, Any]) -> None:
        examples = document["components"]["examples"]
        for name, operation in operations(document):
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    (media,) = response["content"].values()
                    assert media["examples"], (name, status)
                    assert {examples[code]["value"]["status"] for code in media["examples"]} == {int(status)}
        for example in examples.values():
            jsonschema.validate(example["value"], document["components"]["schemas"]["Problem"])


class TestFuzzed:
    @pytest.fixture
    async def known(self, served: Served) -> dict[str, Any]:
        """Something to be found under what the paths name."""
        (applied,) = await served.store.apply([contact(message(reference=NUMBER))])
        assert isinstance(applied, Applied)
        await served.store.apply([WriteNote(number=NUMBER, agent=DEWI, text="@Budi")])
        case = (await served.client.get(f"/v1/cases/{NUMBER}")).json()
        view = (await served.client.post("/v1/views", json={"name": "All", "filter": {}})).json()
        hook = (await served.client.post("/v1/webhooks", json={"url": "https://8.8.8.8/"})).json()
        rule = EXAMPLES["RuleSource"] | {"key": "known"}
        assert (await served.client.post("/v1/rules", json=rule)).status_code == 201
        macro = EXAMPLES["MacroWriting"] | {"key": "known"}
        assert (await served.client.post("/v1/macros", json=macro)).status_code == 201
        return {
            "rule_key": "known",
            "macro_key": "known",
            "webhook_id": hook["webhook"]["id"],
            "number": NUMBER,
            "participant_id": case["participant_id"],
            "view_id": view["id"],
        }

    @pytest.mark.timeout(180)
    @pytest.mark.parametrize("seed", [1])
    async def test_keeps_to_its_description(
        self, served: Served, engine: AsyncEngine, known: dict[str, Any], tmp_path: Path, seed: int
    ) -> None:
        config = tmp_path / "schemathesis.toml"
        lines = [f'"path.{name}" = "{value}"' for name, value in known.items()]
        config.write_text(CONFIG.format(parameters="\n".join(lines), service_token=SERVICE_TOKEN))
        code, told = await schemathesis(served.url, config, seed=seed)
        assert code == 0, told
        written = await rows(engine, "SELECT count(DISTINCT kind) FROM core.timeline WHERE author = 'agent'")
        assert written[0][0] >= 5, "hardly anything was ever done, so hardly anything was tested"
        assert [row async for row in differences(engine)] == []


async def schemathesis(url: str, config: Path, *, seed: int) -> tuple[int, str]:
    """Run it; returns its exit code and what it printed."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        f"--config-file={config}",
        "run",
        f"{url}/openapi.json",
        f"--header=Authorization: Bearer {API_TOKEN}",
        f"--checks={','.join(CHECKS)}",
        f"--exclude-path={ENDLESS}",
        "--phases=examples,coverage,fuzzing",
        f"--max-time={BUDGET_S}",
        f"--seed={seed}",
        "--request-timeout=20",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=config.parent,
    )
    try:
        told, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode is not None
    return running.returncode, told.decode()
