"""The app: all doors on one port."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kawal.http import App, create_app
from kawal.http.address_limits import AddressLimit
from kawal.pages import Pages, mount_assets
from kawal.programme import Topics
from webform_ingest.adapters import form_files
from webform_ingest.adapters.sign_in_mail import SmtpSignInMail
from webform_ingest.api import forms as forms_api
from webform_ingest.api import status as status_api
from webform_ingest.api.origin import OriginGate
from webform_ingest.api.reading import ReadingRoom
from webform_ingest.api.site import Limits, Site
from webform_ingest.domain.intake import Intake
from webform_ingest.domain.sign_in import SignInDesk, UsedLinks
from webform_ingest.pages import forms, portal, problems, sign_in, status
from webform_ingest.pages.portal import Doors
from webform_ingest.pages.rendering import Views
from webform_ingest.settings import WebSettings

PAGES = Path(__file__).with_name("pages")


def create_web_app(
    settings: WebSettings, *, intake: Intake, reading: ReadingRoom, used: UsedLinks, now: Callable[[], datetime]
) -> App:
    """The app over `intake`, `reading` and the links that were `used`.

    Raises:
        ProgrammeError: the programme's topics or forms cannot be used.
    """
    app = create_app(title="Kawal web", settings=settings)
    pages = Pages(PAGES, assets=mount_assets(app, PAGES / "static"))
    topics = Topics.load(settings.programme_dir)
    site = Site(
        forms=form_files.load(settings.programme_dir, topics=topics),
        topics=topics,
        intake=intake,
        reading=reading,
        sign_in=_sign_in(settings, pages, used=used),
        link_key=settings.link_key.get_secret_value(),
        web_url=settings.web_public_url,
        limits=_limits(settings),
        now=now,
    )
    views = Views(site, pages=pages)
    problems.install(app, views=views, texts=pages.texts)
    app.add_middleware(OriginGate, web_url=site.web_url, refusal=app.refusal)
    doors = (forms_api.router(site), status_api.router(site), portal.router(views, _other_doors(settings)))
    for routes in (*doors, forms.router(views), status.router(views), sign_in.router(views)):
        app.include_router(routes)
    return app


def _limits(settings: WebSettings) -> Limits:
    unlimited = settings.unlimited_networks
    return Limits(
        form_posts=AddressLimit("form_posts", settings.form_posts_per_address, unlimited=unlimited),
        wrong_links=AddressLimit("wrong_links", settings.wrong_links_per_address, unlimited=unlimited),
        sign_in_mails=AddressLimit("sign_in_mails", settings.sign_in_mails_per_address, unlimited=unlimited),
    )


def _sign_in(settings: WebSettings, pages: Pages, *, used: UsedLinks) -> SignInDesk:
    mail = SmtpSignInMail(
        smtp_url=settings.smtp_url, sender=settings.mail_from, web_url=settings.web_public_url, texts=pages.texts
    )
    return SignInDesk(mail=mail, used=used, link_key=settings.link_key.get_secret_value())


def _other_doors(settings: WebSettings) -> Doors:
    phone = f"{settings.voice_public_url}/phone" if settings.voice_emulator else None
    return Doors(chat_url=settings.chat_public_url, phone_number=settings.twilio_number, browser_phone_url=phone)
