"""``python -m bench.map_points``: ten thousand measuring points on the map: made, loaded, and moved over.

The city runs in this process; the browser is the machine's Chromium without a window, which draws by software where
there is no graphics card. Frames are counted while the map is dragged to and fro.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import httpx2
import uvicorn
from playwright.sync_api import Page, sync_playwright

from talwerk.app import City, endpoint, open_city
from talwerk.core.change import Batch, Change, Mode, Observations, Origin, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import MINUTE
from talwerk.core.terms import expand
from talwerk.settings import Settings

CHROMIUM = "/usr/bin/chromium"
TYPES = ("WaterObserved", "WeatherObserved", "AirQualityObserved")
ATTRIBUTES = {"WaterObserved": "height", "WeatherObserved": "temperature", "AirQualityObserved": "pm10"}
UNITS = {"height": "CMT", "temperature": "CEL", "pm10": "GQ"}
AT_ONCE = 2_000
DRAGS = 12
RECORD = """() => { window.frames_ms = []; let last = performance.now();
  const tick = now => { frames_ms.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick); }"""


def changes(count: int, now: int) -> Iterator[Change | Observations]:
    """Measuring points all over the city, each with a place and a value of the last minutes."""
    chance = random.Random(1)  # noqa: S311 - the same points in every run
    origin = Provenance(source="bench", licence="CC0-1.0", attribution="Bench", cadence_s=3_600)
    for number in range(count):
        kind = TYPES[number % len(TYPES)]
        entity, attribute = f"urn:ngsi-ld:{kind}:05124000:bench:{number}", ATTRIBUTES[kind]
        place = {"type": "Point", "coordinates": [7.03 + 0.26 * chance.random(), 51.18 + 0.12 * chance.random()]}
        attributes = {
            expand("name"): (Attribute(kind=Kind.PROPERTY, value=f"Messpunkt {number}"),),
            expand("location"): (Attribute(kind=Kind.GEO_PROPERTY, value=place),),
        }
        told = Entity(id=entity, types=(expand(kind),), attributes=dict(attributes))
        yield Change(mode=Mode.UPDATE, entity=told, provenance=origin)
        yield Observations(
            entity=entity,
            types=(expand(kind),),
            attribute=expand(attribute),
            dataset=None,
            unit=UNITS[attribute],
            provenance=origin,
            at=[now - 20 * MINUTE, now - 5 * MINUTE],
            values=[100 * chance.random(), 100 * chance.random()],
            quality=[2],
        )


async def fill(city: City, count: int) -> None:
    """Write all points."""
    scope, batch = city.system_scope("bench"), []
    for change in changes(count, city.clock.now()):
        batch.append(change)
        if len(batch) == AT_ONCE:
            await city.broker.write(Batch(changes=tuple(batch), origin=Origin.BACKFILL), scope)
            batch = []
    await city.broker.write(Batch(changes=tuple(batch), origin=Origin.BACKFILL), scope)


async def serve(folder: Path, count: int, ready: SimpleQueue[str], done: Event) -> None:
    """Run a city with so many points until told otherwise."""
    async with open_city(Settings(data=folder)) as city:
        await fill(city, count)
        server = uvicorn.Server(uvicorn.Config(endpoint(city), log_level="error", lifespan="off"))
        door = socket.create_server(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[door]))
        ready.put(f"http://localhost:{door.getsockname()[1]}")
        await asyncio.to_thread(done.wait)
        city.ending.set()
        server.should_exit = server.force_exit = True
        await task


def answers(address: str) -> Iterator[tuple[str, str]]:
    """How long points and page take, first and when kept."""
    with httpx2.Client(base_url=address, timeout=120) as client:
        before = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() - 600))
        points = "/de/karte/punkte.json"
        for name, path in (("points", points), ("page", "/de/karte"), ("past", f"{points}?zeit={before}")):
            lasted_ms = []
            for _ in range(4):
                began = time.perf_counter()
                answer = client.get(path)
                lasted_ms.append((time.perf_counter() - began) * 1_000)
                answer.raise_for_status()
            packed = answer.num_bytes_downloaded / 1_000
            yield (
                f"{name}: first, then kept",
                f"{lasted_ms[0]:.0f} ms, {statistics.median(lasted_ms[1:]):.1f} ms; {packed:.0f} KB packed",
            )


def moving(page: Page, address: str) -> Iterator[tuple[str, str]]:
    """How long the map takes until it stands, and how its frames come while it is dragged."""
    began = time.perf_counter()
    page.goto(f"{address}/de/karte")
    page.wait_for_selector("[data-map-idle]", state="attached", timeout=120_000)
    yield "from opening to a map that stands", f"{time.perf_counter() - began:.1f} s"
    box = page.locator(".map-live canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(RECORD)
    page.mouse.move(x, y)
    page.mouse.down()
    for drag in range(DRAGS):
        page.mouse.move(x + (120 if drag % 2 else -120), y + (40 if drag % 3 else -40), steps=20)
    page.mouse.up()
    frames: list[float] = sorted(page.evaluate("window.frames_ms"))
    middle, late = frames[len(frames) // 2], frames[int(len(frames) * 0.95)]
    yield "frames while dragging: median, 95th percentile", f"{middle:.1f} ms, {late:.1f} ms ({len(frames)} frames)"


def main() -> None:
    """Run it and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--points", type=int, default=10_000)
    asked = arguments.parse_args()
    ready: SimpleQueue[str] = SimpleQueue()
    done = Event()
    with tempfile.TemporaryDirectory() as folder:
        thread = Thread(target=lambda: asyncio.run(serve(Path(folder) / "data", asked.points, ready, done)))
        thread.start()
        try:
            address = ready.get(timeout=300)
            rows = list(answers(address))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                rows += moving(browser.new_page(viewport={"width": 1280, "height": 900}), address)
                browser.close()
        finally:
            done.set()
            thread.join()
    for name, figure in rows:
        print(f"{name:<50} {figure}")


if __name__ == "__main__":
    main()
