"""notifier's settings; see docs/configuration.md for the environment."""

from pydantic import Field, SecretStr

from kawal.settings import ServiceSettings

PORT = 8105


class NotifierSettings(ServiceSettings):
    """`unseen_after_s`: how long a chat answer may lie unseen before it is also sent by mail or text.

    `words_days`: so long the address and the words of a delivery that is over are kept; `facts_days`: so long what
    became of it. `senders`: so many mails, and so many texts, are sent at once.
    """

    link_key: SecretStr = Field(min_length=32)
    web_public_url: str
    smtp_url: str
    mail_from: str
    twilio_account_sid: str
    twilio_auth_token: SecretStr
    twilio_number: str
    twilio_api_url: str
    unseen_after_s: int = 300
    senders: int = 4
    words_days: int = Field(default=30, ge=8)
    facts_days: int = Field(default=365, ge=8)
