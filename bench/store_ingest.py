"""How fast the embedded store takes values: history, hourly sums, current state and change log in one transaction.

Usage: ``python -m bench.store_ingest [--values N] [--folder DIR]``. Prints the machine, its load and each figure.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import apsw

from talwerk.core.change import Ack, Batch, Change, Mode, Observations
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import MINUTE, SystemClock
from talwerk.core.scope import Principal, Role, Scope
from talwerk.store import Submission
from talwerk.store.sqlite import SqliteStore

TYPE = "https://example.org/Gauge"
NAMES = [f"https://example.org/attribute{n}" for n in range(6)]
SCOPE = Scope._issue(Principal(role=Role.OPERATOR), may_write=True)
START = 1_700_000_000_000_000
COMMIT = 5_000

Commits = Iterable[list[Submission]]


def value_of(entity: int, minute: int) -> float:
    """A number with all its digits, the same in every run."""
    return 50 + 40 * math.sin(entity + minute / 720 * math.tau)


def submission(*changes: Change | Observations) -> Submission:
    return Submission(Batch(changes=changes), SCOPE)


def columns(entity: int, first: int, count: int, name: str = NAMES[0]) -> Observations:
    """Minute values of one series."""
    return Observations(
        entity=f"urn:ngsi-ld:Gauge:{entity}",
        types=(TYPE,),
        attribute=name,
        unit="CMT",
        at=[START + n * MINUTE for n in range(first, first + count)],
        values=[value_of(entity, n) for n in range(first, first + count)],
    )


def one_series(values: int) -> Iterator[list[Submission]]:
    """Each commit brings 5,000 values of one series, as a replay does."""
    for first in range(0, values, COMMIT):
        yield [submission(columns(1, first, COMMIT))]


def fifty_series(values: int) -> Iterator[list[Submission]]:
    """Each commit brings 100 values of each of 50 series, as feeds with a backlog do."""
    for first in range(0, values // 50, 100):
        yield [submission(*(columns(entity, first, 100) for entity in range(50)))]


def many_sensors(values: int) -> Iterator[list[Submission]]:
    """Each commit brings one value of each of 5,000 series, as a minute of a whole city does."""
    for minute in range(values // COMMIT):
        yield [submission(*(columns(entity, minute, 1) for entity in range(COMMIT)))]


def entities(values: int) -> Iterator[list[Submission]]:
    """Each commit updates 1,000 entities of 6 properties, a relationship and a location, in normalised form."""
    for minute in range(values // 8_000):
        yield [submission(*(update(entity, minute) for entity in range(1_000)))]


def updates(values: int) -> Iterator[list[Submission]]:
    """Each commit holds 64 single updates of one attribute, as 64 clients at once do."""
    for number in range(values // 64):
        yield [submission(single((number * 64 + client) * 7_919 % 10_000, number)) for client in range(64)]


def update(entity: int, minute: int) -> Change:
    at = START + minute * MINUTE
    attributes: Attributes = {
        name: (Attribute(kind=Kind.PROPERTY, value=value_of(entity, minute), observed=at, unit="CMT"),)
        for name in NAMES
    }
    attributes["https://uri.etsi.org/ngsi-ld/location"] = (
        Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [7.15, 51.25]}, observed=at),
    )
    attributes["https://example.org/river"] = (
        Attribute(kind=Kind.RELATIONSHIP, value="urn:ngsi-ld:River:1", observed=at),
    )
    return Change(
        mode=Mode.OBSERVE,
        entity=Entity(id=f"urn:ngsi-ld:Gauge:{entity}", types=(TYPE,), attributes=attributes),
    )


def single(entity: int, number: int) -> Change:
    instance = Attribute(
        kind=Kind.PROPERTY, value=value_of(entity, number), observed=START + number * MINUTE, unit="CMT"
    )
    return Change(
        mode=Mode.OBSERVE,
        entity=Entity(id=f"urn:ngsi-ld:Gauge:{entity}", types=(TYPE,), attributes={NAMES[0]: (instance,)}),
    )


def values_of(commit: list[Submission]) -> int:
    return sum(
        len(change.at) if isinstance(change, Observations) else len(change.entity.attributes)
        for one in commit
        for change in one.batch.changes
    )


def measure(title: str, make: Callable[[int], Commits], values: int, folder: Path) -> None:
    """Write everything once (timed), then the first commits again (they change nothing)."""
    path = folder / f"{make.__name__}.db"
    store = SqliteStore.open(path, SystemClock())
    commits = list(make(values))
    count = sum(map(values_of, commits))
    written = bytes_written()
    wall, cpu, longest = time.perf_counter(), time.process_time(), 0.0
    for commit in commits:
        begun = time.perf_counter()
        answers = store.apply(commit)
        longest = max(longest, time.perf_counter() - begun)
        assert all(isinstance(answer, Ack) for answer in answers)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    written = bytes_written() - written
    again = time.perf_counter()
    repeated = commits[:20]
    for commit in repeated:
        store.apply(commit)
    again = time.perf_counter() - again
    store.close()
    print(
        f"{title:44} {count / wall:>9,.0f} values/s  {count / cpu:>9,.0f} per CPU-s  "
        f"{len(commits) / wall:>7,.0f} commits/s  longest {longest * 1000:>6.1f} ms  "
        f"{written / count:>6.0f} B written, {path.stat().st_size / count:>4.0f} B kept per value  "
        f"again {sum(map(values_of, repeated)) / again:>9,.0f}/s"
    )


def bytes_written() -> int:
    """Bytes that this process has caused to be written so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=500_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie while it runs")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=chosen.folder))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, load {load}, Python {platform.python_version()}, ", end="")
    print(f"SQLite {apsw.sqlite_lib_version()}, WAL, synchronous=FULL, checksums; {folder}")
    cases: list[tuple[str, Callable[[int], Commits], int]] = [
        ("1 series, 5,000 values a commit", one_series, chosen.values),
        ("50 series, 5,000 values a commit", fifty_series, chosen.values),
        ("5,000 series, 1 value each a commit", many_sensors, chosen.values // 4),
        ("1,000 entities of 8 attributes a commit", entities, chosen.values // 4),
        ("64 single updates a commit", updates, chosen.values // 10),
    ]
    try:
        for title, make, values in cases:
            if chosen.only in make.__name__:
                measure(title, make, values, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
