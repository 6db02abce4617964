"""Twilio's request signature: https://www.twilio.com/docs/usage/security#validating-requests."""

from collections.abc import Mapping

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]


class TwilioSignatures:
    """Checks, and for the emulated provider makes, `X-Twilio-Signature`."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        return bool(self._validator.validate(url, dict(fields), signature))

    def sign(self, url: str, fields: Mapping[str, str]) -> str:
        return str(self._validator.compute_signature(url, dict(fields)))
