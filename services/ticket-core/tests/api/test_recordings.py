import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import contact, message, number, voicemail
from core_service import Served
from kawal.contracts.words import Attachment

pytestmark = pytest.mark.integration

SOUND = b"RIFF....WAVEfmt the sound of a voice"
END = len(SOUND) - 1
PARTS = [("bytes=0-3", 0, 3), ("bytes=4-", 4, END), ("bytes=-5", END - 4, END), ("bytes=4-9999", 4, END)]


@pytest.fixture
async def path(served: Served) -> str:
    recording = await served.desk.vault.put(SOUND, media_type="audio/wav", duration_s=2.0)
    await served.store.apply([contact(voicemail(recording=recording, reference=number(1)))])
    return f"/v1/cases/{number(1)}/entries/2/recording"


async def attached(served: Served, data: bytes, media_type: str) -> Attachment:
    return await served.desk.vault.put(data, media_type=media_type)


class TestGetRecording:
    async def test_all_of_it(self, served: Served, path: str) -> None:
        answer = await served.client.get(path)
        assert (answer.status_code, answer.content) == (200, SOUND)
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["accept-ranges"] == "bytes"

    async def test_a_part(self, served: Served, path: str) -> None:
        for wanted, first, last in PARTS:
            answer = await served.client.get(path, headers={"range": wanted})
            assert (answer.status_code, answer.content) == (206, SOUND[first : last + 1]), wanted
            assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"

    async def test_what_is_not_one_range_is_ignored(self, served: Served, path: str) -> None:
        for wanted in ("bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=9-2"):
            answer = await served.client.get(path, headers={"range": wanted})
            assert (answer.status_code, answer.content) == (200, SOUND), wanted

    async def test_behind_the_end(self, served: Served, path: str) -> None:
        for wanted in (f"bytes={len(SOUND)}-", "bytes=-0"):
            assert (await served.client.get(path, headers={"range": wanted})).status_code == 416

    async def test_leaves_a_trail(self, served: Served, path: str, engine: AsyncEngine) -> None:
        await served.client.get(path)
        async with engine.connect() as connection:
            rows = await connection.execute(text("SELECT agent_id, seq FROM core.recording_accesses"))
            assert [tuple(row) for row in rows] == [("00000000-0000-0000-0000-000000000000", 2)]

    async def test_nothing_there(self, served: Served, path: str) -> None:
        for seq, status in (("1", 404), ("99", 404), ("0", 422), ("x", 422)):
            answer = await served.client.get(path.replace("/entries/2/", f"/entries/{seq}/"))
            assert answer.status_code == status

    async def test_erased(self, served: Served, path: str) -> None:
        recording = await served.desk.timelines.recording(number(1), seq=2)
        await served.desk.vault.destroy(recording.vault_ref)
        assert (await served.client.get(path)).status_code == 410

    async def test_not_for_everybody(self, served: Served, path: str) -> None:
        assert (await served.anyone.get(path)).status_code == 401


class TestGetAttachment:
    async def test_is_never_opened_as_a_page_of_ours(self, served: Served) -> None:
        page = await attached(served, b"<script>alert(1)</script>", "text/html")
        image = await attached(served, b"PNG", "image/png")
        await served.store.apply([contact(message(attachments=(page, image), reference=number(1)))])
        path = f"/v1/cases/{number(1)}/entries/2/attachments"
        answer = await served.client.get(f"{path}/0")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment"
        assert (await served.client.get(f"{path}/1")).headers["content-type"] == "image/png"
        assert (await served.client.get(f"{path}/2")).status_code == 404
