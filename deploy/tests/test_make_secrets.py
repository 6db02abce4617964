import hashlib
import stat
from pathlib import Path

from deployment_files import script, variables
from pydantic import SecretStr

from kawal.vault import Vault

make_secrets = script("make_secrets")


class TestWrite:
    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        assert make_secrets.write(tmp_path / ".env")
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600

    def test_an_existing_one_stays(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("KAWAL_LINK_KEY=kept\n")
        assert not make_secrets.write(tmp_path / ".env")
        assert (tmp_path / ".env").read_text() == "KAWAL_LINK_KEY=kept\n"


class TestEnvironment:
    def test_no_secret_is_made_twice(self) -> None:
        one, other = variables(make_secrets.environment()), variables(make_secrets.environment())
        chosen = {"KAWAL_AGENT_EMAIL"}
        assert [name for name in one.keys() - chosen if one[name] == other[name]] == []

    def test_the_hash_is_the_tokens(self) -> None:
        made = variables(make_secrets.environment())
        assert made["KAWAL_API_TOKEN_HASH"] == hashlib.sha256(made["KAWAL_API_TOKEN"].encode()).hexdigest()

    def test_the_vault_takes_its_key(self, tmp_path: Path) -> None:
        Vault(tmp_path, key=SecretStr(variables(make_secrets.environment())["KAWAL_VAULT_KEY"]))
