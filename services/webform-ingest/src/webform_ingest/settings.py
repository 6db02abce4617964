"""webform-ingest's settings; see docs/configuration.md for the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from kawal.settings import EdgeSettings

SERVICE = "webform-ingest"
PORT = 8103

BaseUrl = Annotated[str, AfterValidator(lambda url: url.rstrip("/"))]
"""An address that paths are put behind."""


class WebSettings(EdgeSettings):
    """`trusted_proxies`: how many proxies stand in front, each of which appends to `X-Forwarded-For`.

    `twilio_number` (E.164) is the hotline that the portal shows; without it, it shows none.
    """

    web_public_url: BaseUrl
    chat_public_url: BaseUrl
    voice_public_url: BaseUrl
    voice_emulator: bool = False
    twilio_number: str | None = None
    link_key: SecretStr = Field(min_length=32)
    smtp_url: str
    mail_from: str
    trusted_proxies: int = 0
