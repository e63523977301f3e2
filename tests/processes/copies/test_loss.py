"""The disk is lost: a city under load is killed, its data are removed, and it comes back from the continuous copy."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from talwerk.app import open_city
from talwerk.core.query import Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.settings import Settings
from tests.faults.ledger import PER_BATCH, Ledger, entity_of, write
from tests.processes.copies.counting import SCOPE
from tests.served import TALWERK, free_port

EVERY_S = 1
RPO_S = EVERY_S + 2.0
LOAD_S = 8.0


@contextmanager
def city_in_a_group(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`talwerk up` with all its processes in one group, so that all of them can be killed at one moment."""
    with subprocess.Popen(
        [TALWERK, "up"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


async def load(port: int, token: str, city: int) -> dict[int, int]:
    """Write for a while, kill everything; returns what was acknowledged the promised time before that."""
    ledger, ended = Ledger(), asyncio.Event()
    writers = [asyncio.create_task(write(port, token, n, ledger, ended)) for n in range(4)]
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    promised: dict[int, int] = {}
    while loop.time() < began_s + LOAD_S:
        if loop.time() < began_s + LOAD_S - RPO_S:
            promised = dict(ledger.acknowledged)
        await asyncio.sleep(0.02)
    os.killpg(city, signal.SIGKILL)
    ended.set()
    await asyncio.gather(*writers)
    return promised


async def ready(port: int) -> None:
    async with httpx2.AsyncClient() as client:
        for _ in range(1_000):
            try:
                if (await client.get(f"http://localhost:{port}/health/ready")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.03)
    raise AssertionError("the city was not ready in time")


async def test_every_write_acknowledged_long_enough_before_the_loss_is_there(tmp_path: Path) -> None:
    data, second, port = tmp_path / "data", tmp_path / "second", free_port()
    environment = {
        **os.environ,
        "TALWERK_DATA": str(data),
        "TALWERK_PORT": str(port),
        "TALWERK_COPY_FOLDER": str(second),
        "TALWERK_COPY_EVERY_S": str(EVERY_S),
    }
    with city_in_a_group(environment) as process:
        await ready(port)
        token = (data / "operator-token").read_text().strip()
        promised = await load(port, token, process.pid)
    assert min(promised.values()) > 20
    shutil.rmtree(data)

    def talwerk(*arguments: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [TALWERK, *arguments]
        return subprocess.run(
            command, check=False, env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=60
        )

    restored = await asyncio.to_thread(talwerk, "restore", str(second))
    assert restored.returncode == 0, restored.stderr
    assert "continuous copy" in restored.stdout
    async with open_city(Settings(data=data)) as city:
        for writer, count in promised.items():
            found = {
                tuple(
                    city.broker.points(
                        SeriesKey(entity=f"{entity_of(writer)}:{part}", attribute=expand("count")), Window(), SCOPE
                    ).values
                )
                for part in range(PER_BATCH)
            }
            # All parts of a batch are there, or none.
            (values,) = found
            assert values == tuple(range(len(values)))
            assert len(values) >= count
    drilled = await asyncio.to_thread(talwerk, "drill", "--json")
    report = json.loads(drilled.stdout)
    assert drilled.returncode == 1
    assert report["findings"] == [f"There is no backup in {data / 'backups' / 'wuppertal'}."]
    (copy,) = report["restorings"]
    assert (copy["compared"], copy["differing"]) == (4 * PER_BATCH, 0)
    assert copy["notes"] == []
