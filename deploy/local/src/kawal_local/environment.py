"""The environment of the services: every `KAWAL_` variable of docs/configuration.md, from one place."""

import hashlib
import os

from kawal_local import services
from kawal_local.credentials import Credentials
from kawal_local.layout import KAFKA_PORT, SMTP_PORT, Layout

HOST_JWT_AUDIENCE = "kawal"
PHONE_NUMBER = "+628001503001"
DRAIN_S = 7.0
MAIL_FROM = "Layanan Kawal <layanan@kawal.example>"


def service_environment(layout: Layout, *, credentials: Credentials, postgres_dsn: str) -> dict[str, str]:
    """The whole environment of a service's process. What else of `KAWAL_` we were given is passed on."""
    ours = (
        _places(layout, postgres_dsn=postgres_dsn)
        | _urls(layout)
        | _secrets(credentials)
        | _providers(layout, credentials=credentials)
    )
    given = {name: value for name, value in os.environ.items() if name.startswith("KAWAL_")}
    return {"KAWAL_LOG_LEVEL": "info"} | given | _process() | ours


def _process() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


def _places(layout: Layout, *, postgres_dsn: str) -> dict[str, str]:
    return {
        "KAWAL_PORT_OFFSET": str(layout.offset),
        "KAWAL_STATE": str(layout.state),
        "KAWAL_DRAIN_S": str(DRAIN_S),
        "KAWAL_HOST": "127.0.0.1",
        # Everybody comes from here: the demonstration, the load generators, a newcomer's browsers.
        "KAWAL_UNLIMITED_NETWORKS": "127.0.0.0/8",
        "KAWAL_POSTGRES_DSN": postgres_dsn,
        "KAWAL_KAFKA": f"127.0.0.1:{layout.port(KAFKA_PORT)}",
        "KAWAL_PROGRAMME_DIR": str(layout.checkout / "programme"),
        "KAWAL_SPOOL_DIR": str(layout.state / "spool"),
        "KAWAL_VAULT_DIR": str(layout.state / "vault"),
    }


def _urls(layout: Layout) -> dict[str, str]:
    return {
        "KAWAL_TICKET_CORE_URL": services.CORE.url(layout),
        "KAWAL_VOICE_PUBLIC_URL": services.VOICE.url(layout),
        "KAWAL_WEB_PUBLIC_URL": services.WEB.url(layout),
        "KAWAL_CHAT_PUBLIC_URL": services.CHAT.url(layout),
        "KAWAL_CHAT_ALLOWED_ORIGINS": ",".join(_origins(layout)),
    }


def _origins(layout: Layout) -> list[str]:
    """The pages that embed the widget: chat-ingest's demonstration and the portal, by either loopback name."""
    ports = [layout.port(service.port) for service in (services.CHAT, services.WEB)]
    return [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost") for port in ports]


def _secrets(credentials: Credentials) -> dict[str, str]:
    return {
        "KAWAL_VAULT_KEY": credentials.vault_key,
        "KAWAL_SERVICE_TOKEN": credentials.service_token,
        "KAWAL_CASE_NUMBER_KEY": credentials.case_number_key,
        "KAWAL_CHAT_SESSION_KEY": credentials.chat_session_key,
        "KAWAL_HOST_JWT_KEY": credentials.host_jwt_key,
        "KAWAL_HOST_JWT_AUDIENCE": HOST_JWT_AUDIENCE,
        "KAWAL_LINK_KEY": credentials.link_key,
        "KAWAL_API_TOKEN_HASH": hashlib.sha256(credentials.api_token.encode()).hexdigest(),
    }


def _providers(layout: Layout, *, credentials: Credentials) -> dict[str, str]:
    """Mail goes to the local mailbox; our own services play the telephone provider and the host site."""
    return {
        "KAWAL_TWILIO_ACCOUNT_SID": credentials.twilio_account_sid,
        "KAWAL_TWILIO_AUTH_TOKEN": credentials.twilio_auth_token,
        "KAWAL_TWILIO_NUMBER": PHONE_NUMBER,
        "KAWAL_TWILIO_API_URL": services.VOICE.url(layout),
        "KAWAL_VOICE_EMULATOR": "true",
        "KAWAL_CHAT_DEMO": "true",
        "KAWAL_SMTP_URL": f"smtp://127.0.0.1:{layout.port(SMTP_PORT)}",
        "KAWAL_MAIL_FROM": MAIL_FROM,
    }
