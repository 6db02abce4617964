"""The one way to make an app."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp

from kawal.http import bodies, problems
from kawal.http.addresses import ClientAddress, Networks
from kawal.http.bodies import BodyGate, Refusal
from kawal.http.headers import security_headers
from kawal.http.requests import RequestLayer
from kawal.settings import ServiceSettings


class App(FastAPI):
    """A FastAPI app inside our own layers, from outside: whose request it is; line, metrics and trace; the body gate.

    They lie around Starlette's whole stack rather than in it, so that nothing can answer without them.
    """

    body_limit: int = bodies.DEFAULT_LIMIT
    refusal: Refusal = staticmethod(bodies.refused)
    """Tells of a request that the body gate refuses; an app with pages may show one."""
    policy: Mapping[str, str] = {}
    trusted_proxies: Networks = ()

    def build_middleware_stack(self) -> ASGIApp:
        inner = super().build_middleware_stack()
        gate = BodyGate(inner, limit=self.body_limit, refusal=self.refusal)
        layer = RequestLayer(gate, headers=security_headers(self.policy))
        return ClientAddress(layer, trusted=self.trusted_proxies) if self.trusted_proxies else layer


def create_app(
    *,
    title: str,
    settings: ServiceSettings,
    body_limit: int = bodies.DEFAULT_LIMIT,
    policy: Mapping[str, str] | None = None,
) -> App:
    """An app that keeps the house rules: problems, limits, headers, one log line per request.

    `body_limit` is in bytes, for every route. `policy` changes directives of the Content-Security-Policy, for
    example `{"frame-ancestors": "https://host.example"}`. `settings` are found again in `app.state.settings`.
    Handlers, dependencies and middleware must be async; middleware must be pure ASGI.
    """
    app = App(
        title=title,
        docs_url=None,  # the pages load scripts from a CDN, which our policy forbids
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours: see kawal.observability
        redirect_slashes=False,
    )
    app.body_limit = body_limit
    app.policy = policy or {}
    app.trusted_proxies = settings.trusted_proxies
    app.state.settings = settings
    problems.install(app)
    return app
