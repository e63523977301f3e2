"""``python -m bench``: the figures of design and README, measured against a started city on this machine.

Entities have the shape of the public load tests: 6 properties, 1 relationship, 1 location. Reads are given per
processor second of the serving process, because the generator shares the machine; writes as throughput.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from talwerk.core.instants import MINUTE, format_instant

from .city import Processes, started
from .load import Result, apply, request
from .parts import address_rows, reading_rows

PREFIX = "/ngsi-ld/v1"
POINTS = 10_000
Row = tuple[str, str, str]


def entity(number: int, value: float) -> dict[str, object]:
    """An entity of the measured shape."""
    properties = {f"p{n}": {"type": "Property", "value": round(value + n, 2), "unitCode": "CEL"} for n in range(6)}
    return {
        "id": f"urn:ngsi-ld:Sensor:{number}",
        "type": "Sensor",
        **properties,
        "room": {"type": "Relationship", "object": f"urn:ngsi-ld:Room:{number % 100}"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [7.0 + number % 300 / 1000, 51.2 + number % 100 / 1000]},
        },
    }


class Bench:
    """One run."""

    def __init__(self, city: Processes, entities: int, seconds: float) -> None:
        self.city = city
        self.entities = entities
        self.seconds = seconds
        self.random = random.Random(1)  # noqa: S311 - the same entities in every run
        self.write_headers = f"Authorization: Bearer {city.token}\r\n"
        self.engine, self.serve = city.parts()

    async def fill(self) -> Row:
        """Entities in batches of 500, four batches at a time."""
        bodies = (
            json.dumps([entity(n, self.random.random()) for n in range(start, start + 500)]).encode()
            for start in range(0, self.entities, 500)
        )
        requests = (self._post("/entityOperations/upsert", body) for body in bodies)
        result = await apply(self.city.port, requests, 4, 600)
        _expect(result, {201})
        rate = self.entities / result.seconds
        return "entities created in batches of 500", f"{rate:,.0f} entities/s", f"{rate * 8:,.0f} attributes/s"

    async def reads(self, name: str, paths: Iterator[str], clients: int = 16) -> tuple[float, Result]:
        """Requests per processor second of serve."""
        cpu = self.city.cpu_s(self.serve)
        requests = (request("GET", PREFIX + path, self.city.port) for path in paths)
        result = await apply(self.city.port, requests, clients, self.seconds)
        _expect(result, {200}, name)
        return result.count / (self.city.cpu_s(self.serve) - cpu), result

    async def beside_updates(self, name: str, paths: Iterator[str], rate: int) -> tuple[float, Result, float]:
        """The same while so many updates a second arrive in batches; the processor time of writing is taken off."""
        idle_cpu = await self._updates_alone(rate)
        writing = asyncio.create_task(self.updates(rate, self.seconds + 0.5))
        cpu = self.city.cpu_s(self.serve)
        requests = (request("GET", PREFIX + path, self.city.port) for path in paths)
        result = await apply(self.city.port, requests, 16, self.seconds)
        used = self.city.cpu_s(self.serve) - cpu - idle_cpu * result.seconds
        _expect(result, {200}, name)
        written = await writing
        return result.count / used, result, written

    async def _updates_alone(self, rate: int) -> float:
        """Processor seconds of serve per second of updates."""
        cpu, began = self.city.cpu_s(self.serve), time.perf_counter()
        await self.updates(rate, 2)
        return (self.city.cpu_s(self.serve) - cpu) / (time.perf_counter() - began)

    async def updates(self, rate: int, seconds: float) -> float:
        """Updates in batches of 50, evenly spread; returns how many a second were acknowledged."""
        began, done, step = time.perf_counter(), 0, 50 / rate
        while (elapsed := time.perf_counter() - began) < seconds:
            picked = [self.random.randrange(self.entities) for _ in range(50)]
            updates = [
                {"id": f"urn:ngsi-ld:Sensor:{n}", "type": "Sensor", "p0": {"type": "Property", "value": elapsed}}
                for n in dict.fromkeys(picked)
            ]
            body = json.dumps(updates).encode()
            result = await apply(
                self.city.port, iter([self._post("/entityOperations/upsert?options=update", body)]), 1, 5
            )
            _expect(result, {201, 204})
            done += len(updates)
            await asyncio.sleep(max(0.0, began + step * (done / 50) - time.perf_counter()))
        return done / (time.perf_counter() - began)

    async def single_updates(self, clients: int) -> Result:
        """One attribute of one entity per request, each acknowledged after fsync, with history."""
        bodies = (
            json.dumps([{"id": f"urn:ngsi-ld:Sensor:{n}", "type": "Sensor", "p0": {"type": "Property", "value": n}}])
            for n in (self.random.randrange(self.entities) for _ in itertools.count())
        )
        requests = (self._post("/entityOperations/upsert?options=update", body.encode()) for body in bodies)
        result = await apply(self.city.port, requests, clients, self.seconds)
        _expect(result, {201, 204})
        return result

    def _post(self, path: str, body: bytes) -> bytes:
        return request("POST", PREFIX + path, self.city.port, body, self.write_headers)

    async def history(self) -> list[Row]:
        """A week of minute values of one entity: a day of it, and aggregates over all of it."""
        entity = "urn:ngsi-ld:Gauge:1"
        for start in range(0, POINTS, 1_000):
            instances = [
                {"type": "Property", "value": n % 97, "observedAt": _minute(n)} for n in range(start, start + 1_000)
            ]
            body = json.dumps({"id": entity, "type": "Gauge", "level": instances}).encode()
            result = await apply(self.city.port, iter([self._post("/temporal/entities", body)]), 1, 30)
            _expect(result, {201, 204})
        window = f"timerel=between&timeAt={_minute(2_880)}&endTimeAt={_minute(4_320)}"
        whole = f"timerel=between&timeAt={_minute(0)}&endTimeAt={_minute(POINTS)}"
        averages = f"{whole}&options=aggregatedValues&aggrMethods=avg,min,max"
        # Periods begin where the window does: these lie across the hours, of which sums are kept.
        across = averages.replace(_minute(0), _minute(14))
        asked = (
            ("24 h of a series, 1,440 values", f"{window}&options=temporalValues"),
            ("aggregate over 10,000 points, one period", f"{averages}&aggrPeriodDuration=PT0S"),
            ("aggregate over 10,000 points, hours", f"{averages}&aggrPeriodDuration=PT1H"),
            ("aggregate over 10,000 points, hours from minute 14 on", f"{across}&aggrPeriodDuration=PT1H"),
            ("aggregate over 10,000 points, raw", f"{averages},distinctCount&aggrPeriodDuration=PT0S"),
        )
        rows = []
        for name, query in asked:
            path = f"/temporal/entities/{entity}?{query}"
            rate, result = await self.reads(name, itertools.repeat(path), clients=1)
            rows.append((name, f"{result.percentile_ms(0.5):.1f} ms", f"{rate:,.0f} per CPU-s"))
        return rows

    async def rows(self) -> list[Row]:
        """Every figure of this run."""
        found = [await self.fill()]
        ids = (f"/entities/urn:ngsi-ld:Sensor:{self.random.randrange(self.entities)}" for _ in itertools.count())
        pages = itertools.repeat("/entities?type=Sensor&limit=20")
        spread = (
            f"/entities?type=Sensor&limit=20&offset={self.random.randrange(min(self.entities, 10_000) - 20)}"
            for _ in itertools.count()
        )
        for name, paths in (("entity GET, random ids", ids), ("20 entities, first page (warm)", pages)):
            rate, result = await self.reads(name, paths)
            found.append(_read_row(name, rate, result))
        rate, result = await self.reads("20 entities, random offsets", spread)
        found.append(_read_row("20 entities, random offsets", rate, result))
        for name, paths in (("entity GET beside 2,000 updates/s", ids), ("20 entities beside 2,000 updates/s", pages)):
            rate, result, written = await self.beside_updates(name, paths, 2_000)
            row = _read_row(name, rate, result)
            found.append((row[0], row[1], f"{row[2]}, {written:,.0f} updates/s acknowledged"))
        for clients in (1, 64):
            result = await self.single_updates(clients)
            name = f"durable update of one attribute, {clients} client{'s' if clients > 1 else ''}"
            found.append((name, f"{result.per_second:,.0f}/s", f"p99 {result.percentile_ms(0.99):.1f} ms"))
        return found + await self.history()


def _minute(number: int) -> str:
    """A time, so many minutes after a full hour."""
    return format_instant(1_700_002_800_000_000 + number * MINUTE)


def _read_row(name: str, rate: float, result: Result) -> Row:
    return name, f"{rate:,.0f} per CPU-s", f"{result.per_second:,.0f}/s, p99 {result.percentile_ms(0.99):.1f} ms"


def _expect(result: Result, statuses: set[int], name: str = "") -> None:
    if set(result.statuses) - statuses:
        raise RuntimeError(f"{name}: unexpected answers {result.statuses}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as city:
        rows: list[Row] = [
            ("start to first answer", f"{city.start_s:.2f} s", ""),
            ("idle memory of all processes (PSS)", f"{city.memory_mb():.0f} MB", ""),
        ]
        rows += asyncio.run(Bench(city, options.entities, options.seconds).rows())
        rows.append(("memory afterwards (PSS)", f"{city.memory_mb():.0f} MB", ""))
    rows += [*address_rows(), *reading_rows()]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ")
    print(f"load before {load:.1f}, {options.entities:,} entities, {options.seconds:g} s each\n")
    print("| what | figure | beside it |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
