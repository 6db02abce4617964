"""Every route there is, asked by nobody: what lets a stranger in must be named here."""

from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from core_factories import number
from core_service import Served, settings
from ticket_core.api.app import create_api
from ticket_core.console.wiring import add_console

pytestmark = pytest.mark.integration

OPEN = {
    ("GET", "/console"),  # leads to /console/, which is not
    ("GET", "/console/sign-in"),
    ("POST", "/console/sign-in"),
    ("POST", "/console/sign-out"),
    ("GET", "/console/language/{locale}"),
}
OTHERS = {"/openapi.json", "/assets"}
SAMPLES = {
    "number": number(1),
    "participant_id": str(uuid4()),
    "other_id": str(uuid4()),
    "other": number(2),
    "seq": "1",
    "place": "0",
    "view_id": str(uuid4()),
    "rule_key": "one",
    "macro_key": "one",
    "webhook_id": str(uuid4()),
    "incident_id": str(uuid4()),
    "suggestion_id": str(uuid4()),
    "locale": "en",
    "agent_id": str(uuid4()),
}


@pytest.fixture
def routes(served: Served, tmp_path: Path) -> list[tuple[str, str]]:
    """Method and path of each route."""
    chosen = settings(dsn="postgresql://nobody@127.0.0.1:9/none", state=tmp_path)
    app = create_api(chosen, served.desk)
    add_console(app, served.desk, settings=chosen)
    every = list(iter_route_contexts(app.routes))
    ours = [route for route in every if isinstance(route.original_route, APIRoute)]
    assert {route.path for route in every if route not in ours} == OTHERS
    return [(method, str(route.path)) for route in ours for method in sorted(route.methods or ())]


class TestEveryRoute:
    async def test_refuses_a_stranger(self, served: Served, routes: list[tuple[str, str]]) -> None:
        assert set(routes) >= OPEN
        for method, path in set(routes) - OPEN:
            answer = await served.anyone.request(method, path.format(**SAMPLES), headers=_own_page())
            at_the_door = answer.headers.get("location", "").startswith("/console/sign-in")
            assert answer.status_code == 401 or at_the_door, (method, path, answer.status_code)

    async def test_refuses_a_page_of_another_site(self, served: Served, routes: list[tuple[str, str]]) -> None:
        agent_id = await served.desk.agents.put(email="dewi@example.id", name="Dewi", password="a long password")
        cookie = f"kawal_session={await served.desk.sessions.create(agent_id)}"
        foreign = {"cookie": cookie, "sec-fetch-site": "cross-site"}
        form = {"email": "dewi@example.id", "password": "a long password"}
        for method, path in routes:
            if method in ("GET", "HEAD") or path == "/v1/case-numbers/leases":
                continue
            wanted = path.format(**SAMPLES)
            body = {"data": form} if path == "/console/sign-in" else {}
            answer = await served.anyone.request(method, wanted, headers=foreign, **body)  # type: ignore[arg-type]
            assert answer.status_code == 403, (method, path, answer.status_code)


def _own_page() -> dict[str, str]:
    return {"sec-fetch-site": "same-origin"}
