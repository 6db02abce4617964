"""webform-ingest's settings; see docs/configuration.md for the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from kawal.rates import Rate
from kawal.settings import EdgeSettings, RateLimit

SERVICE = "webform-ingest"
PORT = 8103

BaseUrl = Annotated[str, AfterValidator(lambda url: url.rstrip("/"))]
"""An address that paths are put behind."""


class WebSettings(EdgeSettings):
    """`twilio_number` (E.164) is the hotline that the portal shows; without it, it shows none.

    What one address may do is far above what one person needs, because mobile operators put thousands behind one:
    `form_posts_per_address` (reports, and messages on status pages), `wrong_links_per_address` (links that we did not
    make, such as guesses), `sign_in_mails_per_address`.
    """

    web_public_url: BaseUrl
    chat_public_url: BaseUrl
    voice_public_url: BaseUrl
    voice_emulator: bool = False
    twilio_number: str | None = None
    link_key: SecretStr = Field(min_length=32)
    smtp_url: str
    mail_from: str
    form_posts_per_address: RateLimit = Rate(per_s=2, burst=120)
    wrong_links_per_address: RateLimit = Rate(per_s=1, burst=60)
    sign_in_mails_per_address: RateLimit = Rate(per_s=30 / 900, burst=30)
