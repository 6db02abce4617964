"""The app with all routes of the API; the console adds its own."""

from kawal.http import App, create_app
from ticket_core.api import (
    bulk,
    cases,
    commands,
    events,
    incidents,
    joins,
    life,
    links,
    macros,
    numbers,
    participants,
    persons,
    recordings,
    routing,
    rules,
    splits,
    views,
    vocabulary,
    webhooks,
)
from ticket_core.api.desk import Desk
from ticket_core.api.document import describe
from ticket_core.settings import Settings


def create_api(settings: Settings, desk: Desk) -> App:
    app = create_app(title="Kawal ticket-core", settings=settings)
    app.state.desk = desk
    for router in (
        cases.router,
        commands.router,
        joins.router,
        links.router,
        splits.router,
        life.router,
        bulk.router,
        life.mentions_router,
        recordings.router,
        participants.router,
        persons.router,
        events.router,
        views.router,
        routing.router,
        webhooks.router,
        incidents.router,
        rules.router,
        macros.router,
        macros.case_router,
        vocabulary.router,
    ):
        app.include_router(router)
    app.include_router(numbers.router(service_token=settings.service_token))
    describe(app)
    return app
