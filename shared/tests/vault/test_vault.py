import base64
import os
from uuid import uuid4

import pytest
from obstore.store import MemoryStore
from pydantic import SecretStr

from kawal.vault import Vault, VaultObjectDestroyed, VaultObjectMissing, VaultObjectTooLarge
from kawal.vault import vault as vault_module
from kawal.vault.errors import VaultObjectCorrupt, VaultUnavailable
from kawal.vault.sealing import decode_kek

DATA = b"RIFF a voice that says who it is"


def make_key() -> SecretStr:
    return SecretStr(base64.urlsafe_b64encode(os.urandom(32)).decode())


@pytest.fixture
def key() -> SecretStr:
    return make_key()


@pytest.fixture(params=["folder", "store"])
def vault(request, tmp_path, key) -> Vault:
    return Vault(tmp_path / "vault" if request.param == "folder" else MemoryStore(), key=key)


class TestVault:
    async def test_put_and_get(self, vault):
        kept = await vault.put(DATA, media_type="audio/wav", name="voicemail.wav", duration_s=3.5)
        assert (kept.size_bytes, kept.media_type, kept.name, kept.duration_s) == (
            len(DATA),
            "audio/wav",
            "voicemail.wav",
            3.5,
        )
        assert await vault.get(kept.vault_ref) == (DATA, "audio/wav")

    async def test_put_again_takes_the_place_of_the_first(self, vault):
        first = await vault.put(DATA, media_type="audio/wav", once="RE1")
        second = await vault.put(DATA + b"!", media_type="audio/mpeg", once="RE1")
        assert (
            first.vault_ref == second.vault_ref != (await vault.put(DATA, media_type="audio/wav", once="RE2")).vault_ref
        )
        assert await vault.get(first.vault_ref) == (DATA + b"!", "audio/mpeg")

    async def test_put_again_mends_what_was_cut_off(self, vault):
        kept = await vault.put(DATA, media_type="audio/wav", once="RE1")
        await vault._delete(f"keys/{kept.vault_ref}")
        await vault.put(DATA, media_type="audio/wav", once="RE1")
        assert await vault.get(kept.vault_ref) == (DATA, "audio/wav")

    async def test_put_again_brings_nothing_back(self, vault):
        kept = await vault.put(DATA, media_type="audio/wav", once="RE1")
        await vault.destroy(kept.vault_ref)
        with pytest.raises(VaultObjectDestroyed):
            await vault.put(DATA, media_type="audio/wav", once="RE1")
        with pytest.raises(VaultObjectDestroyed):
            await vault.get(kept.vault_ref)

    async def test_reference_cannot_be_made_without_the_key(self, vault):
        other = Vault(MemoryStore(), key=make_key())
        refs = {(await one.put(DATA, media_type="audio/wav", once="RE1")).vault_ref for one in (vault, other)}
        assert len(refs) == 2

    async def test_empty(self, vault):
        kept = await vault.put(b"", media_type="text/plain")
        assert await vault.get(kept.vault_ref) == (b"", "text/plain")

    async def test_missing(self, vault):
        for ref in (str(uuid4()), "../../etc/passwd", ""):
            with pytest.raises(VaultObjectMissing):
                await vault.get(ref)
            with pytest.raises(VaultObjectMissing):
                await vault.destroy(ref)

    async def test_destroyed(self, vault):
        kept = await vault.put(DATA, media_type="audio/wav")
        await vault.destroy(kept.vault_ref)
        await vault.destroy(kept.vault_ref)
        with pytest.raises(VaultObjectDestroyed):
            await vault.get(kept.vault_ref)

    async def test_too_large(self, vault, monkeypatch):
        monkeypatch.setattr(vault_module, "MAX_BYTES", 3)
        with pytest.raises(VaultObjectTooLarge):
            await vault.put(b"four", media_type="audio/wav")

    @pytest.mark.parametrize("media_type", ["", "audio", "audio/wav; charset=x", "AUDIO/WAV", "text/plain\n"])
    async def test_no_media_type(self, vault, media_type):
        with pytest.raises(ValueError, match="media type"):
            await vault.put(DATA, media_type=media_type)


class TestWhatLiesInTheFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "vault"

    @pytest.fixture
    def vault(self, folder, key):
        return Vault(folder, key=key)

    async def test_nothing_readable(self, vault, folder):
        await vault.put(DATA, media_type="audio/wav", name="Siti.wav")
        for path in folder.rglob("*"):
            assert "Siti" not in str(path)
            assert path.is_dir() or DATA not in path.read_bytes()

    async def test_destroying_leaves_nothing_to_decrypt(self, vault, folder):
        kept = await vault.put(DATA, media_type="audio/wav")
        await vault.destroy(kept.vault_ref)
        assert [path.stat().st_size for path in folder.rglob("*") if path.is_file()] == [0]

    @pytest.mark.parametrize("part", ["objects", "keys"])
    async def test_any_changed_byte_is_noticed(self, vault, folder, part):
        kept = await vault.put(DATA, media_type="audio/wav")
        path = folder / part / kept.vault_ref
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(VaultObjectCorrupt):
                await vault.get(kept.vault_ref)

    @pytest.mark.parametrize("length", [1, 2, 20])
    async def test_cut_off(self, vault, folder, length):
        kept = await vault.put(DATA, media_type="audio/wav")
        path = folder / "objects" / kept.vault_ref
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(VaultObjectCorrupt):
            await vault.get(kept.vault_ref)

    async def test_exchanged_objects(self, vault, folder):
        mine = await vault.put(b"mine", media_type="audio/wav")
        yours = await vault.put(b"yours", media_type="audio/wav")
        for part in ("objects", "keys"):
            (folder / part / mine.vault_ref).write_bytes((folder / part / yours.vault_ref).read_bytes())
        with pytest.raises(VaultObjectCorrupt):
            await vault.get(mine.vault_ref)

    async def test_other_vault_key(self, vault, folder):
        kept = await vault.put(DATA, media_type="audio/wav")
        with pytest.raises(VaultObjectCorrupt, match="another vault key"):
            await Vault(folder, key=make_key()).get(kept.vault_ref)

    async def test_store_away(self, folder, key):
        vault = Vault(folder, key=key)
        (folder / "objects").write_bytes(b"a file where a folder should be")
        with pytest.raises(VaultUnavailable):
            await vault.put(DATA, media_type="audio/wav")


class TestDecodeKek:
    @pytest.mark.parametrize("secret", ["", "short", "!" * 44, base64.urlsafe_b64encode(b"x" * 31).decode()])
    def test_bad_key(self, secret):
        with pytest.raises(ValueError, match="vault key"):
            decode_kek(SecretStr(secret))
