"""The five services of the stack: the one place that lists them."""

from dataclasses import dataclass

from kawal_local.layout import OPERATIONS_PORT_STEP, Layout


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service: started as `python -m <package>`, public on `port`, operations 1,000 above.

    `after` is the service that it asks for case numbers before anything else. It bears to be alone, but complains.
    """

    name: str
    package: str
    port: int
    after: str | None = None

    def url(self, layout: Layout) -> str:
        return layout.url(self.port)

    def operations_url(self, layout: Layout) -> str:
        return layout.url(self.port + OPERATIONS_PORT_STEP)


CORE = ServiceSpec("ticket-core", "ticket_core", 8104)
NOTIFIER = ServiceSpec("notifier", "notifier", 8105)
CHAT = ServiceSpec("chat-ingest", "chat_ingest", 8101, after=CORE.name)
VOICE = ServiceSpec("voice-ingest", "voice_ingest", 8102, after=CORE.name)
WEB = ServiceSpec("webform-ingest", "webform_ingest", 8103, after=CORE.name)

SERVICES = (CHAT, VOICE, WEB, CORE, NOTIFIER)
