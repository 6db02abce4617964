import pytest
from pydantic import SecretStr, ValidationError

from voice_factories import settings


class TestEmulator:
    @pytest.mark.parametrize("url", ["https://api.twilio.com", "https://api.sydney.au1.twilio.com"])
    def test_never_beside_the_real_provider(self, url: str) -> None:
        with pytest.raises(ValidationError, match="emulated provider"):
            settings(voice_emulator=True, twilio_api_url=url)

    def test_elsewhere(self) -> None:
        assert settings(voice_emulator=True, twilio_api_url="http://voice-ingest:8102").voice_emulator


class TestKeys:
    @pytest.mark.parametrize("key", ["link_key", "twilio_auth_token"])
    @pytest.mark.parametrize("value", ["", "short"])
    def test_whoever_can_guess_it_can_sign(self, key: str, value: str) -> None:
        with pytest.raises(ValidationError, match=key):
            settings(**{key: SecretStr(value)})
