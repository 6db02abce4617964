"""`/v1/case-numbers`: numbers for the edges, so that a participant hears his at once."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kawal.http.bearer import requires_bearer
from ticket_core.api.answers import problems
from ticket_core.api.desk import Desk, desk_of

MOST_NUMBERS = 10_000


class LeaseBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=MOST_NUMBERS)]


class Lease(BaseModel):
    """They are the caller's for good; none is ever given out twice."""

    numbers: list[str]


def router(*, service_token: SecretStr) -> APIRouter:
    """For services only: `service_token` is theirs."""
    routes = APIRouter(
        prefix="/v1/case-numbers",
        tags=["case numbers"],
        dependencies=[Depends(requires_bearer(service_token))],
        responses=problems(401, 422, 503),
    )

    @routes.post("/leases", status_code=201)
    async def lease(body: LeaseBody, desk: Annotated[Desk, Depends(desk_of)]) -> Lease:
        """Take `count` case numbers."""
        return Lease(numbers=await desk.numbers.lease(body.count))

    return routes
