"""Nothing that was acknowledged is lost, and nothing is half there, whoever dies and whenever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from talwerk.app import open_city
from talwerk.settings import Settings
from talwerk.store.sqlite.backup import prove_database
from tests.faults.ledger import check, storm
from tests.served import Served, served


@pytest.mark.parametrize("seed", [1])
async def test_killed_processes_lose_nothing(tmp_path: Path, seed: int) -> None:
    await _survive(tmp_path, seed, 8)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
async def test_killed_processes_lose_nothing_for_long(tmp_path: Path, seed: int) -> None:
    await _survive(tmp_path, seed, 120)


async def _survive(folder: Path, seed: int, seconds: float) -> None:
    with served(folder) as city:
        ledger = await storm(city.port, city.token, city.pid, seed, seconds)
        await asyncio.to_thread(_still_ready, city)
    (folder / "ledger.txt").write_text(f"{ledger}\n")
    assert ledger.kills["engine"] >= 3, ledger
    assert ledger.kills["serve"] >= 3, ledger
    assert sum(ledger.acknowledged.values()) > 100, ledger
    prove_database(folder / "wuppertal" / "city.db")
    async with open_city(Settings(data=folder)) as opened:
        for writer, acknowledged in ledger.acknowledged.items():
            check(opened.broker, writer, acknowledged)


def _still_ready(city: Served) -> None:
    assert city.get("/health/ready").status_code == 200
    assert city.get("/de").status_code == 200
