"""``python -m bench.sensors``: a city under so many sensors, each with one value a minute, faster than life.

A network of sensors is served over HTTP in the format of Sensor.Community; the started city polls it with its own
connector, as an operator would let it. Simulated time begins a day ago and runs towards the present, so that no clock
is bent. At the end every value that was served is looked for in the store; lost, doubled and other ones are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

from talwerk import cities
from talwerk.app import open_city
from talwerk.core.instants import DAY, MINUTE, SECOND, Instant, datetime_of, instant_or_none
from talwerk.core.query import Window
from talwerk.core.series import SeriesKey
from talwerk.privacy.policy import system_scope
from talwerk.settings import Settings
from talwerk.twin.landscape import Landscape
from talwerk.twin.simulator import SimulatedCity

from .city import Processes, cpu_s, pss_mb, started

KEY = "sensor-community"
CITY = "wuppertal"
FIRST_ID = 100_001
ASK_EVERY_S = 0.05
LOOK_EVERY_S = 2.0
SETTLED_WITHIN_S = 120.0
REPORTED_WITHIN_S = 10.0
PROFILE = """[city]
key = "wuppertal"
name = "Wuppertal"
ags = "05124000"
ars = "051240000000"
zone = "Europe/Berlin"
languages = ["de"]

[[sources]]
key = "{key}"
connector = "{key}"
address = "{address}"
every_s = {every_s}
stale_s = 172800
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        sensors: how many.
        minutes: simulated time, one value of each sensor in each.
        speed: simulated seconds in a second.
        every_s: seconds between two polls of the city.
        window: minutes that a snapshot holds; polls must not lie further apart.
    """

    sensors: int = 10_000
    minutes: int = 60
    speed: float = 60.0
    every_s: int = 5
    window: int = 12

    @property
    def values(self) -> int:
        return self.sensors * self.minutes


class Network:
    """The sensors: weather from the simulator, and for each sensor a place, a second and a deviation of its own."""

    def __init__(self, plan: Plan, now: Instant) -> None:
        self.plan = plan
        self.origin = (now - DAY) // MINUTE * MINUTE
        self.served_s: dict[int, float] = {}
        self.answers: list[int] = []
        self.delivered: set[int] = set()
        self.began_s = 0.0
        self._weather = SimulatedCity(Landscape(CITY, cities.load(CITY)).figure)
        self._parts = [self._row(number) for number in range(plan.sensors)]
        self._rows: dict[int, bytes] = {}
        self._base: dict[int, float] = {}
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Let time run."""
        self.began_s = time.perf_counter()

    def over_s(self, minute: int) -> float:
        """When a minute is over, so that its values can be had."""
        return self.began_s + (minute + 1) * 60 / self.plan.speed

    def value(self, sensor: int, minute: int) -> float:
        """What a sensor measures, degrees Celsius."""
        return round(self._temperature(minute) + sensor % 400 / 100, 2)

    def at(self, sensor: int, minute: int) -> int:
        """When it measures that."""
        return self.origin + minute * MINUTE + sensor % 60 * SECOND

    def snapshot(self) -> tuple[set[int], bytes]:
        """The values of the last minutes, as the network publishes them, and which minutes these are."""
        with self._lock:
            now_s = time.perf_counter()
            passed = int((now_s - self.began_s) * self.plan.speed / 60) if self.began_s else 0
            latest = min(passed, self.plan.minutes)
            for minute in range(latest):
                self.served_s.setdefault(minute, now_s)
            wanted = range(max(0, latest - self.plan.window), latest)
            self._rows = {minute: self._rows.get(minute) or self._minute(minute) for minute in wanted}
            body = b"[" + b",".join(self._rows.values()) + b"]"
            self.answers.append(len(body))
            return set(wanted), body

    def _temperature(self, minute: int) -> float:
        # One look at the sky a minute; a look for every sensor would cost more than the city that is measured.
        if minute not in self._base:
            self._base[minute] = round(self._weather.sky(self.origin + minute * MINUTE).temperature_c, 2)
        return self._base[minute]

    def _minute(self, minute: int) -> bytes:
        stamp = f"{datetime_of(self.origin + minute * MINUTE):%Y-%m-%d %H:%M}"
        base = self._temperature(minute)
        texts = [f"{base + deviation / 100:.2f}" for deviation in range(400)]
        rows = (f"{head}{stamp}{middle}{texts[n % 400]}{tail}" for n, (head, middle, tail) in enumerate(self._parts))
        return ",".join(rows).encode()

    def _row(self, sensor: int) -> tuple[str, str, str]:
        number = FIRST_ID + sensor
        location = {
            "id": number,
            "latitude": f"{51.17 + sensor // 100 % 100 / 1000:.3f}",
            "longitude": f"{7.05 + sensor % 100 / 500:.3f}",
            "altitude": "180.0",
            "country": "DE",
            "exact_location": 0,
            "indoor": 0,
        }
        row = {
            "id": number,
            "timestamp": f"@:{sensor % 60:02d}",
            "location": location,
            "sensor": {"id": number, "pin": "1", "sensor_type": {"id": 17, "name": "BME280", "manufacturer": "Bosch"}},
            "sampling_rate": None,
            "sensordatavalues": [{"id": number, "value_type": "temperature", "value": "@"}],
        }
        head, middle, tail = json.dumps(row, separators=(",", ":")).split("@")
        return head, middle, tail


@contextmanager
def serving(network: Network) -> Iterator[str]:
    """Serve it on this machine; gives the address."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            minutes, body = network.snapshot()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # A city that ends hangs up on the snapshot that it was reading.
            with suppress(OSError):
                self.wfile.write(body)
                network.delivered |= minutes

        def log_message(self, *_: object) -> None:
            """Say nothing: the city tells what went wrong."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Seen:
    """What was seen meanwhile.

    Attributes:
        requests_ms: how long each request took.
        statuses: how often each status came.
        behind_s: for each new value of the last sensor, seconds since its minute was over.
        taken_s: the same, seconds since it was first served.
        lag_ms: the engine's report: age of the oldest batch that waited.
        cpu_s: processor seconds by process id.
        own_cpu_s: processor seconds of this process, which serves the values and looks on.
        names: of processes.
        pss_mb: the most memory that was seen, by process id.
    """

    requests_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    behind_s: list[float] = field(default_factory=list)
    taken_s: list[float] = field(default_factory=list)
    lag_ms: list[int] = field(default_factory=list)
    cpu_s: dict[int, float] = field(default_factory=dict)
    own_cpu_s: float = 0.0
    names: dict[int, str] = field(default_factory=dict)
    pss_mb: dict[int, float] = field(default_factory=dict)

    def processes(self) -> Iterator[tuple[str, float, float]]:
        """Name, processor seconds and most memory (MB) of each kind of process."""
        for name in dict.fromkeys(self.names.values()):
            pids = [pid for pid, each in self.names.items() if each == name]
            yield name, sum(self.cpu_s[pid] for pid in pids), sum(self.pss_mb[pid] for pid in pids)


class Watch:
    """Looks at the city while it works: one request every 50 ms."""

    def __init__(self, city: Processes, network: Network) -> None:
        self.seen = Seen()
        self._city = city
        self._network = network
        self._line = http.client.HTTPConnection("localhost", city.port, timeout=30)
        self._newest = -1
        self._hours = 0
        self._began_cpu: dict[int, float] = {}
        self._began_own_s = time.process_time()
        self._look()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def until_settled(self) -> float:
        """Watch until the last value can be read; seconds since the network began."""
        end_s = self._network.over_s(self._network.plan.minutes - 1) + SETTLED_WITHIN_S
        look_s = 0.0
        for turn in count():
            began_s = time.perf_counter()
            if self._newest == self._network.plan.minutes - 1 or began_s > end_s:
                break
            self._ask(turn)
            if began_s > look_s:
                self._look()
                look_s = began_s + LOOK_EVERY_S
                self._tell()
            time.sleep(max(0.0, began_s + ASK_EVERY_S - time.perf_counter()))
        self._look()
        return time.perf_counter() - self._network.began_s

    def _ask(self, turn: int) -> None:
        """The last sensor, whose value is written last, in turn with any other."""
        sensors = self._network.plan.sensors
        last = turn % 2 == 0
        sensor = sensors - 1 if last else turn * 7_919 % sensors
        entity = f"urn:ngsi-ld:WeatherObserved:05124000:{KEY}:{FIRST_ID + sensor}"
        status, body = self._get(f"/ngsi-ld/v1/entities/{entity}")
        if last and status == 200 and "temperature" in (told := json.loads(body)):
            now_s = time.perf_counter()
            minute = ((instant_or_none(told["temperature"]["observedAt"]) or 0) - self._network.origin) // MINUTE
            for each in range(self._newest + 1, minute + 1):
                self.seen.behind_s.append(now_s - self._network.over_s(each))
                self.seen.taken_s.append(now_s - self._network.served_s[each])
            self._newest = max(self._newest, minute)

    def _tell(self) -> None:
        """Say how far it is, once for every simulated hour: a day takes a while."""
        if (hour := (self._newest + 1) // 60) > self._hours:
            self._hours = hour
            late_s, memory = self.seen.behind_s[-1], sum(self.seen.pss_mb.values())
            print(
                f"{hour} h readable, {late_s:.1f} s after they were over; {memory:.0f} MB", file=sys.stderr, flush=True
            )

    def _get(self, path: str) -> tuple[int, bytes]:
        began_s = time.perf_counter()
        self._line.request("GET", path)
        answer = self._line.getresponse()
        body = answer.read()
        self.seen.requests_ms.append((time.perf_counter() - began_s) * 1_000)
        self.seen.statuses[answer.status] = self.seen.statuses.get(answer.status, 0) + 1
        return answer.status, body

    def _look(self) -> None:
        self.seen.own_cpu_s = time.process_time() - self._began_own_s
        self._line.request("GET", "/health/ready")
        self.seen.lag_ms.append(json.loads(self._line.getresponse().read())["lag_ms"])
        for pid, name in self._city.family():
            try:
                used_s, memory = cpu_s(pid), pss_mb(pid)
            except OSError:
                # A worker that is no longer needed.
                continue
            self.seen.names[pid] = name
            # What starting has cost is not counted, of a process that was there already.
            before_s = self._began_cpu.setdefault(pid, used_s if len(self.seen.lag_ms) == 1 else 0.0)
            self.seen.cpu_s[pid] = used_s - before_s
            self.seen.pss_mb[pid] = max(memory, self.seen.pss_mb.get(pid, 0.0))


@dataclass(kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        plan: what was asked.
        seen: what was seen meanwhile.
        seconds: from the first minute until the last value could be read, or nobody waited any longer.
        kept: values in the store.
        missed: values that no delivered snapshot held, because the city asked too late.
        lost: values that were delivered and are not there.
        doubled: values that are there more than once.
        strange: values that are there and were never served, or are others.
        series: how many there are.
        counted: values that the source has brought, by the city's own figures.
        database_bytes: by how much the database grew, its write-ahead log included.
        answers: sizes of the snapshots.
    """

    plan: Plan
    seen: Seen
    seconds: float = 0.0
    kept: int = 0
    missed: int = 0
    lost: int = 0
    doubled: int = 0
    strange: int = 0
    series: int = 0
    counted: int = 0
    database_bytes: int = 0
    answers: list[int] = field(default_factory=list)


async def _count(outcome: Outcome, network: Network, settings: Settings) -> None:
    """Compare everything that is stored with everything that was served."""
    scope = system_scope("bench")
    plan = outcome.plan
    async with open_city(settings) as opened:
        for each in opened.broker.series(scope):
            if not each.attribute.endswith("temperature"):
                continue
            sensor = int(each.entity.rpartition(":")[2]) - FIRST_ID
            key = SeriesKey(entity=each.entity, attribute=each.attribute, dataset=each.dataset)
            points = opened.broker.points(key, Window(), scope)
            sent = {(network.at(sensor, m), network.value(sensor, m)) for m in range(plan.minutes)}
            kept = set(zip(points.at, points.values, strict=True))
            outcome.series += 1
            outcome.kept += len(points.at)
            outcome.doubled += len(points.at) - len(set(points.at))
            outcome.strange += len(kept - sent)
    outcome.missed = plan.sensors * (plan.minutes - len(network.delivered))
    outcome.lost = plan.values - outcome.missed - (outcome.kept - outcome.doubled - outcome.strange)


def _counted(city: Processes, expected: int) -> int:
    """Values that the source has brought, as the metrics tell; the engine's report may come a little later."""
    end_s = time.perf_counter() + REPORTED_WITHIN_S
    while (told := _told(city)) < expected and time.perf_counter() < end_s:
        time.sleep(0.2)
    return told


def _told(city: Processes) -> int:
    line = http.client.HTTPConnection("localhost", city.port, timeout=30)
    with closing(line):
        line.request("GET", "/metrics", headers={"Authorization": f"Bearer {city.token}"})
        text = line.getresponse().read().decode()
    return round(sum(float(x.split()[-1]) for x in text.splitlines() if x.startswith("talwerk_source_values_total{")))


def _database_bytes(data: Path) -> int:
    return sum(file.stat().st_size for file in (data / CITY).glob("city.db*"))


def measure(plan: Plan, folder: Path) -> Outcome:
    """Start a city in a folder, let the network run, and count."""
    network = Network(plan, Instant(time.time_ns() // 1_000))
    profile, data = folder / "profile", folder / "data"
    profile.mkdir()
    with serving(network) as address:
        (profile / cities.PROFILE).write_text(PROFILE.format(key=KEY, address=address, every_s=plan.every_s))
        with started(data, city=str(profile), feeds="live") as city:
            before = _database_bytes(data)
            with closing(Watch(city, network)) as watch:
                network.begin()
                outcome = Outcome(plan=plan, seen=watch.seen)
                outcome.seconds = watch.until_settled()
            outcome.counted = _counted(city, plan.values)
            outcome.database_bytes = _database_bytes(data) - before
            outcome.answers = network.answers
    asyncio.run(_count(outcome, network, Settings(city=str(profile), data=data)))
    return outcome


def _of(figures: list[float], share: float) -> float:
    ordered = sorted(figures)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def rows(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """The figures as a table."""
    plan, seen = outcome.plan, outcome.seen
    yield "values expected", f"{plan.values:,} of {plan.sensors:,} sensors in {plan.minutes} simulated minutes"
    yield "values kept", f"{outcome.kept:,} in {outcome.series:,} series, {outcome.counted:,} by the city's figures"
    yield "missed: gone from the snapshots before they were asked for", f"{outcome.missed:,}"
    yield "delivered and lost, doubled, different", f"{outcome.lost:,}, {outcome.doubled:,}, {outcome.strange:,}"
    yield "pace", f"{outcome.kept / outcome.seconds:,.0f} values/s over {outcome.seconds:.0f} s"
    if outcome.answers:
        most = max(outcome.answers) / 1e6
        yield "polls", f"{len(outcome.answers)}, one every {plan.every_s} s asked for, up to {most:.1f} MB each"
    for name, figures in (("from minute over to readable", seen.behind_s), ("from served to readable", seen.taken_s)):
        yield name, f"median {_of(figures, 0.5):.1f} s, p99 {_of(figures, 0.99):.1f} s, most {_of(figures, 1):.1f} s"
    yield "engine's lag", f"most {max(seen.lag_ms)} ms in {len(seen.lag_ms)} looks"
    ms = seen.requests_ms
    shares = ", ".join(f"{name} {_of(ms, q):.1f}" for name, q in (("median", 0.5), ("p99", 0.99), ("most", 1.0)))
    yield "entity GET every 50 ms beside it", f"{shares} ms; answers {seen.statuses}"
    for name, used, memory in seen.processes():
        yield name, f"{used:.1f} CPU-s ({used / outcome.seconds:.0%} of a core), most memory {memory:.0f} MB (PSS)"
    own = seen.own_cpu_s
    yield (
        "beside the city: serving the values and looking on",
        f"{own:.1f} CPU-s ({own / outcome.seconds:.0%} of a core)",
    )
    if outcome.kept:
        used = sum(seen.cpu_s.values())
        yield "the city's processor time per value", f"{used / outcome.kept * 1e6:.1f} us"
        yield "database", f"{outcome.database_bytes / outcome.kept:.0f} B per value, its write-ahead log included"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sensors", description=__doc__)
    parser.add_argument("--sensors", type=int, default=Plan.sensors)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=int, default=Plan.minutes, help="simulated")
    length.add_argument("--day", dest="minutes", action="store_const", const=1_440, help="1440 minutes, in 24 at 60x")
    parser.add_argument("--speed", type=float, default=Plan.speed, help="simulated seconds in a second")
    parser.add_argument("--every-s", type=int, default=Plan.every_s, help="between two polls")
    parser.add_argument("--window", type=int, default=Plan.window, help="minutes that a snapshot holds")
    plan = Plan(**vars(parser.parse_args()))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        outcome = measure(plan, Path(folder))
    print(f"{os.cpu_count()} cores, load before {load:.1f}, {plan}\n\n| what | figure |\n|---|---|")
    for row in rows(outcome):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
