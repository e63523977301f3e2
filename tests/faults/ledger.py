"""Writers that keep a ledger of what was acknowledged, against a city whose processes are killed all the time."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from talwerk.broker import Broker
from talwerk.core.instants import format_instant
from talwerk.core.query import Query, Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope

SCOPE = system_scope("test")
COUNT = expand("count")

HOUR = 3_600_000_000
BASE = 1_700_000_000_000_000 // HOUR * HOUR
STEP = HOUR // 12
PER_BATCH = 4


def entity_of(writer: int) -> str:
    return f"urn:ngsi-ld:Counter:{writer}"


@dataclass
class Ledger:
    """What each writer was promised, and what happened on the way.

    Attributes:
        acknowledged: number of batches acknowledged, by writer; batch n holds the values 4n .. 4n+3.
        answers: how often each status came, 0 for a broken connection.
        kills: how often each process was killed.
        refusals: the statuses that a writer has to live with; any other is a failure.
    """

    acknowledged: dict[int, int] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    refusals: tuple[int, ...] = (503,)

    def __str__(self) -> str:
        answered = ", ".join(f"{count} x {status or 'broken'}" for status, count in sorted(self.answers.items()))
        killed = ", ".join(f"{name} {count} times" for name, count in sorted(self.kills.items()))
        return f"{sum(self.acknowledged.values())} batches acknowledged; answers: {answered}; killed: {killed}"


def batch(writer: int, number: int) -> list[dict[str, object]]:
    """Four entities that are written together: if one of them is there, all have to be."""
    value = number
    at = format_instant(BASE + number * STEP)
    return [
        {
            "id": f"{entity_of(writer)}:{part}",
            "type": "Counter",
            "count": {"type": "Property", "value": value, "observedAt": at},
        }
        for part in range(PER_BATCH)
    ]


async def write(port: int, token: str, writer: int, ledger: Ledger, until: asyncio.Event) -> None:
    """Write batch after batch; one that was not acknowledged is written again, like a device would."""
    ledger.acknowledged[writer] = 0
    url = f"http://localhost:{port}/ngsi-ld/v1/entityOperations/upsert?options=update"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(timeout=5, headers=headers) as client:
        while not until.is_set():
            try:
                answer = await client.post(url, json=batch(writer, ledger.acknowledged[writer]))
            except httpx2.TransportError:
                ledger.answers[0] += 1
                await asyncio.sleep(0.02)
                continue
            ledger.answers[answer.status_code] += 1
            if answer.status_code in (201, 204):
                ledger.acknowledged[writer] += 1
            else:
                assert answer.status_code in ledger.refusals, answer.text
                await asyncio.sleep(0.02)


async def kill(supervisor: int, seed: int, ledger: Ledger, seconds: float) -> None:
    """Kill engine, serve or both at random moments."""
    chance = random.Random(seed)
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(chance.choice((0.1, 0.3, 0.5, 1.0, 2.5)))
        parts = await asyncio.to_thread(parts_of, supervisor)
        for name in chance.choice((("engine",), ("serve",), ("engine", "serve"))):
            if name in parts:
                os.kill(parts[name], signal.SIGKILL)
                ledger.kills[name] += 1


def parts_of(supervisor: int) -> dict[str, int]:
    """The city's processes by the names that they gave themselves."""
    found = {}
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        try:
            name = Path(f"/proc/{child}/comm").read_text().removeprefix("tw ").split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[name] = int(child)
    return found


async def storm(port: int, token: str, supervisor: int, seed: int, seconds: float) -> Ledger:
    """Eight writers under fire for so many seconds."""
    ledger = Ledger()
    until = asyncio.Event()
    writers = [asyncio.create_task(write(port, token, n, ledger, until)) for n in range(8)]
    await kill(supervisor, seed, ledger, seconds)
    await asyncio.sleep(1)
    until.set()
    await asyncio.gather(*writers)
    return ledger


def check(broker: Broker, writer: int, acknowledged: int) -> None:
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
