"""Nothing that was acknowledged is lost, and nothing is half there, whoever dies and whenever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from talwerk.app import open_city
from talwerk.broker import Broker
from talwerk.core.query import Query, Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.settings import Settings
from talwerk.store.sqlite.backup import prove_database
from tests.faults.ledger import BASE, HOUR, PER_BATCH, STEP, entity_of, storm
from tests.served import Served, served

SCOPE = system_scope("test")
COUNT = expand("count")


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
            _check(opened.broker, writer, acknowledged)


def _still_ready(city: Served) -> None:
    assert city.get("/health/ready").status_code == 200
    assert city.get("/de").status_code == 200


def _check(broker: Broker, writer: int, acknowledged: int) -> None:
    """Every acknowledged value once; at most the one batch under way beyond; parts, sums and state agree."""
    counts = set()
    for part in range(PER_BATCH):
        entity = f"{entity_of(writer)}:{part}"
        key = SeriesKey(entity=entity, attribute=COUNT)
        points = broker.points(key, Window(), SCOPE)
        assert points.values == list(range(len(points.values)))
        assert points.at == [BASE + n * STEP for n in points.values]
        assert acknowledged <= len(points.values) <= acknowledged + 1
        counts.add(len(points.values))
        (current,) = broker.read(Query(ids=(entity,)), SCOPE).entities
        assert current.attributes[COUNT][0].value == points.values[-1]
        for hour in broker.hours(key, Window(), SCOPE):
            raw = [v for at, v in zip(points.at, points.values, strict=True) if hour.start <= at < hour.start + HOUR]
            assert (hour.n, hour.sum, hour.minimum, hour.maximum) == (len(raw), sum(raw), min(raw), max(raw))
        assert sum(hour.n for hour in broker.hours(key, Window(), SCOPE)) == len(points.values)
    assert len(counts) == 1, "the parts of a batch are all there or none of them"
