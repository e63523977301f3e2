"""``python -m bench.portal``: views of the crisis page, and how soon the pages of a large city begin.

The crisis page is asked for over loopback by our own generator, as browsers do (packed); it shares the machine with the
city, so views are also given per processor second of the serving processes. The start page is asked for at an even pace
beside updates, so that pages that are kept get old as they do in a living city; its time is that to the first byte.
Then pages are made anew, each asked for twice: those that change with every write, after a write, and pages that nobody
has asked for before. The second answer comes from what was kept.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .__main__ import Bench, Row
from .city import Processes, started
from .load import Result, apply, request

CRISIS, START = "/de/krise", "/de"
ACCEPT = "Accept: text/html\r\nAccept-Encoding: gzip\r\n"
CLIENTS = 32
PACE_PER_S = 20
UPDATES_PER_S = 50
LISTED_PAGES = 200
CHANGING = {
    "start page": START,
    "list of measuring points": "/de/messstellen",
    "map": "/de/karte",
    "data": "/de/daten",
    "themes": "/de/themen",
}
"""Pages that are no longer true after a write."""


async def written(port: int) -> None:
    """Wait until the engine has written the crisis page.

    Raises:
        RuntimeError: it did not within 30 s.
    """
    for _ in range(60):
        result = await apply(port, iter([request("GET", CRISIS, port)]), 1, 5)
        if set(result.statuses) == {200}:
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("the crisis page was not written within 30 s")


async def crisis(city: Processes, seconds: float) -> Row:
    """Views of the crisis page by many clients at once."""
    await written(city.port)
    serving = [pid for pid, name in city.family() if name.startswith("serve")]
    cpu_s = sum(map(city.cpu_s, serving))
    asked = itertools.repeat(request("GET", CRISIS, city.port, headers=ACCEPT))
    result = await apply(city.port, asked, CLIENTS, seconds)
    if set(result.statuses) != {200}:
        raise RuntimeError(f"the crisis page answered {result.statuses}")
    used_s = sum(map(city.cpu_s, serving)) - cpu_s
    return (
        f"crisis page, {CLIENTS} clients",
        f"{result.per_second:,.0f} views/s",
        f"{result.count / used_s:,.0f} per CPU-s of serve, p99 {result.percentile_ms(0.99):.1f} ms",
    )


async def first_byte(port: int, asked: bytes) -> tuple[float, int]:
    """Milliseconds from the connection's beginning to the first byte of the answer, and its status."""
    began_s = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(asked)
        first = await reader.read(1)
        if not first:
            raise RuntimeError("the page was not answered")
        took_ms = (time.perf_counter() - began_s) * 1_000
        return took_ms, int((await reader.readline()).split()[1])
    finally:
        writer.close()


async def start_page(bench: Bench, seconds: float) -> Row:
    """Time to the first byte of the start page while values arrive."""
    port = bench.city.port
    asked = request("GET", START, port, headers=ACCEPT + "Connection: close\r\n")
    cold_ms, cold = await first_byte(port, asked)
    writing = asyncio.create_task(bench.updates(UPDATES_PER_S, seconds))
    result = Result()
    began_s = time.perf_counter()
    for turn in itertools.count():
        due_s = began_s + turn / PACE_PER_S
        if due_s - began_s > seconds:
            break
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        took_ms, status = await first_byte(port, asked)
        result.latencies_ms.append(took_ms)
        result.statuses[status] = result.statuses.get(status, 0) + 1
    done = await writing
    return (
        f"start page, {bench.entities:,} entities, first byte",
        f"p95 {result.percentile_ms(0.95):.1f} ms",
        f"p50 {result.percentile_ms(0.5):.1f} ms, {PACE_PER_S} a second, {done:,.0f} updates/s, "
        f"answers {result.statuses}; the first after the start {cold_ms:,.0f} ms, {cold}",
    )


@dataclass
class Twice:
    """Pages that were asked for when they had to be made, and once more at once."""

    made: Result = field(default_factory=Result)
    kept: Result = field(default_factory=Result)

    async def ask(self, port: int, path: str) -> None:
        """Ask for a page twice."""
        asked = request("GET", path, port, headers=ACCEPT + "Connection: close\r\n")
        for result in (self.made, self.kept):
            took_ms, status = await first_byte(port, asked)
            result.latencies_ms.append(took_ms)
            result.statuses[status] = result.statuses.get(status, 0) + 1

    def row(self, name: str, entities: int) -> Row:
        """As a row of the table."""
        made, kept = self.made, self.kept
        return (
            f"{name}, {entities:,} entities, first byte",
            f"made anew: p50 {made.percentile_ms(0.5):.1f} ms, p95 {made.percentile_ms(0.95):.1f} ms",
            f"kept: p50 {kept.percentile_ms(0.5):.1f} ms, p95 {kept.percentile_ms(0.95):.1f} ms; "
            f"{made.count} pages, the first {made.latencies_ms[0]:,.0f} ms, answers {made.statuses}",
        )


async def after_writes(bench: Bench, seconds: float) -> list[Row]:
    """Pages that a write has made untrue: some updates, a second for what is kept that long, then each of them."""
    found = {name: Twice() for name in CHANGING}
    for _ in range(max(round(seconds), 3)):
        # One batch, and the rest of its second.
        await bench.updates(50, 0.1)
        for name, path in CHANGING.items():
            await found[name].ask(bench.city.port, path)
    return [twice.row(f"{name} after a write", bench.entities) for name, twice in found.items()]


def unasked(entities: int, chance: random.Random) -> dict[str, Iterator[str]]:
    """Addresses of pages by kind, each of them once."""
    pages = range(2, min(LISTED_PAGES, entities * 6 // 100))
    return {
        "page of a series": (
            # Updates say p0 without its unit: nobody takes that for a measurement.
            f"/de/messreihe?id=urn:ngsi-ld:Sensor:{n}&groesse=p{chance.randrange(1, 6)}"
            for n in chance.sample(range(entities), entities)
        ),
        "list of measuring points, turned to a page": (
            f"/de/messstellen?seite={n}" for n in chance.sample(pages, len(pages))
        ),
        "list of measuring points, searched for a name": (
            f"/de/messstellen?suche={n}" for n in chance.sample(range(entities), entities)
        ),
    }


async def never_asked(bench: Bench, seconds: float) -> list[Row]:
    """Pages that nobody has asked for before, one after the other."""
    rows = []
    for name, paths in unasked(bench.entities, bench.random).items():
        twice = Twice()
        began_s = time.perf_counter()
        for path in paths:
            await twice.ask(bench.city.port, path)
            if time.perf_counter() - began_s > seconds:
                break
        rows.append(twice.row(name, bench.entities))
    return rows


async def measured(city: Processes, entities: int, seconds: float) -> list[Row]:
    """All figures of the pages."""
    bench = Bench(city, entities, seconds)
    rows = [await crisis(city, seconds), await bench.fill(), await start_page(bench, seconds)]
    return [*rows, *await after_writes(bench, seconds), *await never_asked(bench, seconds)]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.portal", description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as city:
        rows = asyncio.run(measured(city, options.entities, options.seconds))
    print(f"{os.cpu_count()} cores, load before {load:.1f}, {options.seconds:g} s each\n")
    print("| what | figure | beside it |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
