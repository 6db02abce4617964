"""From a call to the broker, and the process as it is really started."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from kawal.contracts.interactions import CallbackRequested, interaction_adapter
from kawal.contracts.topics import DELIVERIES, INTERACTIONS
from kawal.kafka.topics import create
from kawal.service import running
from kawal.testing import eventually
from kawal_local.program import free_port
from voice_driver import Edge, edge, said
from voice_factories import ACCOUNT, AUTH_TOKEN, HOTLINE, KEY, PROGRAMME, VAULT_KEY, settings
from voice_ingest.main import service
from voice_ingest.settings import PORT

pytestmark = pytest.mark.integration


class TestKafka:
    async def test_call_reaches_the_topic(
        self, tmp_path: Path, kafka_bootstrap: str, database: Callable[..., str]
    ) -> None:
        await create([INTERACTIONS, DELIVERIES], bootstrap_servers=kafka_bootstrap)
        call_id = "CA" + os.urandom(16).hex()
        async with AIOKafkaConsumer(
            INTERACTIONS.name, bootstrap_servers=kafka_bootstrap, auto_offset_reset="latest"
        ) as reader:
            await reader.seek_to_end()
            async with edge(tmp_path, kafka=kafka_bootstrap, postgres_dsn=database("voice-ingest")) as running:
                await running.press(await running.reach("111#", CallSid=call_id), "2", CallSid=call_id)
                async for record in reader:
                    event = interaction_adapter.validate_json(record.value)
                    if event.conversation_id == f"voice:{call_id}":
                        break
        assert isinstance(event, CallbackRequested)
        assert dict(record.headers)["ce_id"] == f"{call_id}/callback".encode()


class TestReadiness:
    async def test_an_edge_takes_part_whatever_is_away(self, tmp_path: Path) -> None:
        away = settings(state=tmp_path)
        async with running(service(away)) as address, httpx.AsyncClient() as client:
            assert (await client.get(f"{address.operations_url}/readyz")).status_code == 200


class TestProcess:
    @pytest.fixture
    def environment(self, tmp_path: Path) -> dict[str, str]:
        offset = free_port() - PORT
        url = f"http://127.0.0.1:{PORT + offset}"
        named = {
            "PORT_OFFSET": str(offset),
            "STATE": str(tmp_path),
            "PROGRAMME_DIR": str(PROGRAMME),
            "POSTGRES_DSN": "postgresql://postgres@127.0.0.1:1/nowhere",
            "KAFKA": "127.0.0.1:1",
            "TICKET_CORE_URL": "http://127.0.0.1:1",
            "SERVICE_TOKEN": "token",
            "VOICE_PUBLIC_URL": url,
            "VOICE_EMULATOR": "true",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_NUMBER": HOTLINE,
            "TWILIO_API_URL": url,
            "LINK_KEY": KEY,
            "VAULT_KEY": VAULT_KEY,
        }
        return dict(os.environ) | {f"KAWAL_{name}": value for name, value in named.items()}

    @pytest.fixture
    def start(self, environment: dict[str, str]) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
        started: list[subprocess.Popen[bytes]] = []

        def process() -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "voice_ingest"]
            started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
            return started[-1]

        yield process
        for one in started:
            one.kill()
            one.wait()

    async def test_killed_in_mid_call(
        self,
        start: Callable[[], "subprocess.Popen[bytes]"],
        environment: dict[str, str],
    ) -> None:
        """`kill -9` between two turns and after the answer: the same call goes on, the same answer comes again."""
        url = environment["KAWAL_VOICE_PUBLIC_URL"]
        async with httpx.AsyncClient(timeout=30) as client:
            caller = Edge(settings(voice_public_url=url), client)

            async def answers() -> bool:
                try:
                    return (await client.get(f"{url}/phone")).status_code == 200
                except httpx.HTTPError:
                    return False

            first = start()
            await eventually(answers, timeout=60)
            asked = await caller.reach("111#")
            first.kill()
            first.wait()
            second = start()
            await eventually(answers, timeout=60)
            answered = said(await caller.press(asked, "2"))
            assert "sudah kami terima" in answered
            second.kill()
            second.wait()
            third = start()
            await eventually(answers, timeout=60)
            assert said(await caller.press(asked, "2")) == answered
            third.terminate()
            assert third.wait(20) == 0
