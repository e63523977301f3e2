"""A city whose disk is full: it goes on reading, refuses writes in time, loses nothing and recovers by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from talwerk.app import open_city
from talwerk.settings import Settings
from talwerk.store.sqlite.backup import prove_database
from tests.faults.disks import MOUNTS, fill, mounted, no_growth, remount
from tests.faults.ledger import Ledger, check, parts_of, write
from tests.served import TALWERK, Served, free_port, served

ENTITIES = "/ngsi-ld/v1/entities"
FULL = (503, 507)


def bench(number: int) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:Bench:{number}", "type": "Bench", "seats": {"type": "Property", "value": number}}


async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for a condition."""
    for _ in range(round(seconds / 0.05)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def reads(city: Served) -> None:
    """Everything that people and programs read is there."""
    for path in ("/health/live", "/de", "/ngsi-ld/v1/types", f"{ENTITIES}?type=Counter&limit=1"):
        assert city.get(path).status_code == 200, path


@asynccontextmanager
async def writing(city: Served, writers: int = 4) -> AsyncIterator[Ledger]:
    """Several writers at work, who take a refusal for what it is and try again."""
    ledger, stop = Ledger(refusals=FULL), asyncio.Event()
    tasks = [asyncio.create_task(write(city.port, city.token, n, ledger, stop)) for n in range(writers)]
    try:
        yield ledger
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def full_and_free_again(
    city: Served, folder: Path, no_room: Callable[[], AbstractContextManager[object]], rounds: int = 2
) -> None:
    """Fill the disk under load and free it again, several times; then compare with the ledger."""
    async with writing(city) as ledger:
        for _ in range(rounds):
            count = sum(ledger.acknowledged.values())
            await until(lambda count=count: sum(ledger.acknowledged.values()) > count + 20, "writing")  # type: ignore[misc]
            refused = ledger.answers[507]
            with no_room():
                await until(lambda refused=refused: ledger.answers[507] > refused + 20, "a refusal")  # type: ignore[misc]
                await asyncio.to_thread(reads, city)
        count = sum(ledger.acknowledged.values())
        await until(lambda: sum(ledger.acknowledged.values()) > count + 20, "writing again")
    # It looks at the disk once in a while, not with each request.
    await until(lambda: city.get("/health/ready").status_code == 200, "being ready again")
    await compare(folder, ledger)


async def compare(folder: Path, ledger: Ledger) -> None:
    """Nothing that was acknowledged is missing, and nothing is there by half."""
    async with open_city(Settings(data=folder, port=0)) as opened:
        for writer, acknowledged in ledger.acknowledged.items():
            check(opened.broker, writer, acknowledged)


def log_bytes(folder: Path) -> int:
    return (folder / "wuppertal" / "city.db-wal").stat().st_size


@pytest.mark.parametrize("single", [False, True])
async def test_a_disk_without_room_for_the_log(tmp_path: Path, single: bool) -> None:
    flags = ("--single",) if single else ()
    with served(tmp_path, *flags, disk_reserve_mb="0") as city:
        pid = city.pid if single else parts_of(city.pid)["engine"]

        @contextmanager
        def no_room() -> Any:
            with no_growth(pid, log_bytes(tmp_path) // 2):
                yield

        await full_and_free_again(city, tmp_path, no_room)
        if not single:
            assert parts_of(city.pid)["engine"] == pid, "the engine was not restarted"
    prove_database(tmp_path / "wuppertal" / "city.db")


@pytest.mark.skipif(not MOUNTS, reason="the same with a limit of the system is above; this one needs a disk of its own")
async def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 48) as disk, served(disk, disk_reserve_mb="0") as city:

        @contextmanager
        def no_room() -> Any:
            filler = fill(disk, 0)
            try:
                yield
            finally:
                filler.unlink()

        await full_and_free_again(city, disk, no_room)
    # The mount is gone, and was never busy: nobody held a file of it.


def post(city: Served, number: int) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {city.token}"}
    return httpx2.post(city.url + ENTITIES, json=bench(number), headers=headers, timeout=10)


def delete(city: Served, number: int) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {city.token}"}
    return httpx2.delete(f"{city.url}{ENTITIES}/{bench(number)['id']}", headers=headers, timeout=10)


@pytest.mark.skipif(not MOUNTS, reason="needs a disk of its own; the reserve as such is tested with the store")
async def test_the_reserve_is_met_before_the_disk_is_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 60) as disk, served(disk, disk_reserve_mb="20") as city:
        for number in range(3):
            assert post(city, number).status_code == 201
        filler = fill(disk, 15_000_000)
        refused = post(city, 3)
        assert refused.status_code == 507
        problem = refused.json()
        assert problem["type"].endswith("InsufficientStorage")
        assert "20 MB are kept free" in problem["detail"]
        assert city.get(f"{ENTITIES}/{bench(1)['id']}").status_code == 200
        assert delete(city, 1).status_code == 204
        assert city.get(f"{ENTITIES}/{bench(1)['id']}").status_code == 404
        assert city.get("/de").status_code == 200
        filler.unlink()
        assert post(city, 3).status_code == 201


@pytest.mark.skipif(not MOUNTS, reason="needs a disk of its own; single calls that fail are tested with the store")
def test_a_city_does_not_start_on_a_read_only_disk_and_says_where(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 60) as disk:
        with served(disk, disk_reserve_mb="0") as city:
            assert post(city, 1).status_code == 201
        environment = {**os.environ, "TALWERK_DATA": str(disk), "TALWERK_PORT": str(free_port())}
        remount(disk, "ro")
        ended = subprocess.run(
            [TALWERK, "up"], check=False, env=environment, text=True, capture_output=True, timeout=30
        )
        remount(disk, "rw")
        assert ended.returncode == 1
        assert f"The data directory {disk / 'wuppertal'} cannot be written: Read-only file system." in ended.stderr
        with served(disk, disk_reserve_mb="0") as city:
            assert post(city, 2).status_code == 201
            assert city.get(f"{ENTITIES}/{bench(1)['id']}").status_code == 200


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_disk_without_room_again_and_again(tmp_path: Path) -> None:
    with served(tmp_path, disk_reserve_mb="0") as city:
        pid = parts_of(city.pid)["engine"]

        @contextmanager
        def no_room() -> Any:
            with no_growth(pid, max(log_bytes(tmp_path) // 2, 1)):
                yield

        await full_and_free_again(city, tmp_path, no_room, rounds=40)
    prove_database(tmp_path / "wuppertal" / "city.db")
