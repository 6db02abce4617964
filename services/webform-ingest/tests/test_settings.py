from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from web_driver import settings


class TestKeys:
    @pytest.mark.parametrize("value", ["", "short"])
    def test_whoever_can_guess_it_can_sign(self, tmp_path: Path, value: str) -> None:
        with pytest.raises(ValidationError, match="link_key"):
            settings(state=tmp_path, postgres_dsn="", kafka="", link_key=SecretStr(value))
