"""HTTP as all services speak it: `create_app`, problems, limits, who may call."""

from kawal.http.app import App, create_app
from kawal.http.idempotency import IdempotencyKey
from kawal.http.inputs import Line, Prose
from kawal.http.problems import Unavailable, problem

__all__ = ["App", "IdempotencyKey", "Line", "Prose", "Unavailable", "create_app", "problem"]
