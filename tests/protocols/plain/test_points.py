"""Long series as tables: complete, piece by piece, and nobody waits for them."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from talwerk.broker import Broker
from talwerk.core.change import Batch, Observations, Origin, Provenance
from talwerk.core.instants import MINUTE, Instant, format_instant, parse_instant
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.protocols import http, plain
from talwerk.protocols.plain import points
from tests.protocols.city import City, client_of, open_city

GAUGE = "urn:ngsi-ld:Gauge:1"
START = parse_instant("2016-01-01T00:00:00Z")
STEP = 5 * MINUTE
PATH = f"/api/v1/stations/{GAUGE}/level"


class Town(NamedTuple):
    city: City
    app: ASGIApp

    @property
    def broker(self) -> Broker:
        return self.city.broker


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_city(tmp_path) as city:
        routes = plain.routes(city.broker, city.clock)
        yield Town(city, http.guarded(Starlette(routes=routes), credentials=city.credentials, hosts=()))


async def fill(broker: Broker, count: int, *, cadence_s: int | None = 300, step: int = STEP, method: str = "") -> None:
    for begin in range(0, count, 50_000):
        numbers = range(begin, min(begin + 50_000, count))
        observations = Observations(
            entity=GAUGE,
            types=(expand("Gauge"),),
            attribute=expand("level"),
            at=[START + n * step for n in numbers],
            values=[n % 997 for n in numbers],
            provenance=Provenance(source="test", licence="CC0-1.0", cadence_s=cadence_s, method=method),
        )
        await broker.write(Batch(changes=(observations,), origin=Origin.REPLAY), system_scope("test"))


class Download(NamedTuple):
    status: int
    chunks: list[bytes]


async def download(app: ASGIApp, path: str) -> Download:
    """Ask as a client that takes the answer piece by piece."""
    target, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
    }
    statuses: list[int] = []
    chunks: list[bytes] = []
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            chunks.append(message["body"])

    await app(scope, receive, send)
    return Download(statuses[0], [chunk for chunk in chunks if chunk])


def rows(chunks: list[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(b"".join(chunks).decode().splitlines()))


def expected(numbers: range) -> list[tuple[str, str]]:
    return [(format_instant(START + n * STEP), str(n % 997)) for n in numbers]


def told(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["observedAt"], row["value"]) for row in found]


@pytest.mark.parametrize("count", [1, 1_999, 2_000, 2_001, 4_000, 9_001])
async def test_every_value_stands_in_the_table_once(town: Town, count: int) -> None:
    await fill(town.broker, count)
    table = await download(town.app, PATH + ".csv")
    assert table.status == 200
    assert told(rows(table.chunks)) == expected(range(count))
    document = json.loads(b"".join((await download(town.app, PATH + ".json")).chunks))
    assert [(at, str(value)) for at, value, _, _ in document["points"]] == expected(range(count))


@pytest.mark.parametrize("last", [1, 1_999, 2_000, 2_001, 4_500, 9_000])
async def test_the_newest_values(town: Town, last: int) -> None:
    await fill(town.broker, 5_000)
    table = await download(town.app, f"{PATH}.csv?last={last}")
    assert told(rows(table.chunks)) == expected(range(max(0, 5_000 - last), 5_000))


@given(start=st.integers(-10, 5_010), length=st.integers(-5, 5_020), last=st.none() | st.integers(1, 6_000))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_window(shared_town: Town, start: int, length: int, last: int | None) -> None:
    begin, end = format_instant(START + start * STEP), format_instant(START + (start + length) * STEP)
    newest = "" if last is None else f"&last={last}"
    table = await download(shared_town.app, f"{PATH}.csv?from={begin}&to={end}{newest}")
    inside = range(max(0, start), max(0, min(5_000, start + length)))
    assert told(rows(table.chunks)) == expected(inside if last is None else inside[-last:])


@pytest.fixture
async def shared_town(town: Town) -> Town:
    await fill(town.broker, 5_000)
    return town


async def test_pieces_are_small_whatever_the_cadence_says(town: Town) -> None:
    await fill(town.broker, 20_000, cadence_s=86_400, step=1_000)
    table = await download(town.app, PATH + ".csv")
    assert len(rows(table.chunks)) == 20_000
    assert max(map(len, table.chunks)) < 100 * points._PIECE_POINTS


async def test_a_changed_method_does_not_tear_the_table(town: Town) -> None:
    await fill(town.broker, 3_000, method="10 min mean")
    await fill(town.broker, 3_500, method="5 min mean")
    table = await download(town.app, PATH + ".csv")
    assert told(rows(table.chunks)) == expected(range(3_500))


async def test_a_table_as_it_was_known_holds_nothing_of_later(town: Town) -> None:
    await fill(town.broker, 4_500)
    then = format_instant(town.city.clock.now())
    town.city.clock.at = Instant(town.city.clock.at + MINUTE)
    await town.broker.write(
        Batch(
            changes=(
                Observations(
                    entity=GAUGE,
                    types=(expand("Gauge"),),
                    attribute=expand("level"),
                    at=[START + 7 * STEP, START + 4_500 * STEP],
                    values=[1_000, 1_001],
                    provenance=Provenance(source="test", licence="CC0-1.0", cadence_s=300),
                ),
            ),
            origin=Origin.REPLAY,
        ),
        system_scope("test"),
    )
    table = await download(town.app, f"{PATH}.csv?stand={then}")
    assert told(rows(table.chunks)) == expected(range(4_500))
    document = json.loads(b"".join((await download(town.app, f"{PATH}.json?stand={then}&last=2")).chunks))
    assert [row[1] for row in document["points"]] == [4_498 % 997, 4_499 % 997]
    assert told(rows((await download(town.app, PATH + ".csv")).chunks))[7][1] == "1000"
    assert (await download(town.app, f"{PATH}.csv?stand=yesterday")).status == 400


async def test_what_arrives_meanwhile_is_not_part_of_it(town: Town) -> None:
    await fill(town.broker, 5_000)
    export = asyncio.create_task(download(town.app, PATH + ".csv"))
    await asyncio.sleep(0)
    await fill(town.broker, 6_000)
    assert len(rows((await export).chunks)) == 5_000


async def burden(town: Town, count: int, exports: int) -> list[float]:
    """How long other reads took while so many exports were under way."""
    await fill(town.broker, count)
    took: list[float] = []
    async with client_of(town.app) as client:
        under_way = [asyncio.create_task(download(town.app, PATH + ".csv")) for _ in range(exports)]
        while not all(task.done() for task in under_way):
            began = time.perf_counter()
            answer = await client.get("/api/v1/stations?limit=1")
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200
            await asyncio.sleep(0.002)
        for task in under_way:
            assert sum(chunk.count(b"\n") for chunk in task.result().chunks) == count + 1
    return took


def check(took: list[float]) -> None:
    ordered = sorted(took)
    assert len(ordered) > 20
    assert ordered[len(ordered) * 95 // 100] < 0.25
    assert ordered[-1] < 1.0


async def test_others_are_answered_between_two_pieces(town: Town) -> None:
    check(await burden(town, 100_000, exports=3))


@pytest.mark.long
async def test_ten_years_of_five_minutes_keep_nobody_waiting(town: Town) -> None:
    check(await burden(town, 1_051_200, exports=2))
