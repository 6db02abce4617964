"""`POST /v1/chat/sessions`: stateless, no storage touched."""

from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from chat_ingest.api.desk import Desk
from chat_ingest.api.exchange import answer, read_json, validate
from chat_ingest.domain.participants import HostSite, OpenSession, open_session
from kawal.http.address_limits import AddressLimit


class Sessions:
    """Answers 201 `{session_token, conversation_id}`."""

    def __init__(
        self, desk: Desk, *, host_site: HostSite | None, new_id: Callable[[], str], limit: AddressLimit
    ) -> None:
        self._desk = desk
        self._host_site = host_site
        self._new_id = new_id
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._limit.take(scope)
        request = validate(OpenSession, await read_json(scope, receive))
        now = self._desk.now()
        own_id = f"chat:{self._new_id()}"
        session = open_session(request, host_site=self._host_site, conversation_id=own_id, now=now)
        if session.conversation_id == own_id:
            self._desk.intake.opened(own_id)
        token = self._desk.tokens.issue(session, now=now)
        # Both are URL-safe by construction, so there is nothing to escape.
        body = f'{{"session_token":"{token}","conversation_id":"{session.conversation_id}"}}'
        await answer(send, 201, body.encode())
