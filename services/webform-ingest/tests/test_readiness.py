from pathlib import Path

import httpx

from kawal.service import running
from web_driver import settings
from webform_ingest.main import service


class TestReadiness:
    async def test_an_edge_takes_part_whatever_is_away(self, tmp_path: Path) -> None:
        away = settings(state=tmp_path, postgres_dsn="postgresql://nobody@127.0.0.1:9/none", kafka="127.0.0.1:9")
        async with running(service(away)) as address, httpx.AsyncClient() as client:
            assert (await client.get(f"{address.operations_url}/readyz")).status_code == 200
