"""The whole real series: in quickly, every value of it, and the same when it comes again."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.instants import HOUR, SystemClock, datetime_of, parse_instant
from talwerk.core.quality import Flag, flag_of
from talwerk.core.query import Query, Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.sdk.tables.findings import Kind
from talwerk.services.replay.report import Report
from tests.services.replay.workbench import SCOPE, Bench, opened

MAPPING = cities.folder("wuppertal") / "mappings" / "wupper-30min.toml"
ROWS = 20_624
WATER, WEATHER = (
    "urn:ngsi-ld:WaterObserved:05124000:wupperverband:",
    "urn:ngsi-ld:WeatherObserved:05124000:wupperverband:",
)
HALF_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)

# Column, entity, attribute, and what lies between a stamp and the end of its interval.
CHANNELS = [
    (1, WATER + "stausee-beyenburg", "flow", HALF_HOUR),
    (2, WATER + "stausee-beyenburg", "height", HALF_HOUR),
    (3, WATER + "kluserbruecke", "height", HALF_HOUR),
    (4, WEATHER + "niederschlag-beyenburg", "precipitation", DAY),
    (5, WATER + "leimbach", "height", HALF_HOUR),
    (6, WEATHER + "niederschlag-barmen-hauptverwaltung", "precipitation", DAY),
]

Month = tuple[int, int]


def table(wupper: Path) -> Path:
    (path,) = wupper.glob("*.csv")
    return path


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, wupper: Path) -> Iterator[Bench]:
    with opened(tmp_path_factory.mktemp("wupper"), now="2026-01-01T00:00:00Z") as bench:
        yield bench


async def replayed(city: Bench, wupper: Path) -> Report:
    return await city.replay(table(wupper), MAPPING.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return []


@pytest.fixture
async def report(city: Bench, wupper: Path, reports: list[Report]) -> Report:
    """The report of the first replay, which happens once per module."""
    if not reports:
        reports.append(await replayed(city, wupper))
    return reports[0]


def recomputed(path: Path, column: int, shift: timedelta) -> dict[Month, tuple[int, float, float, float]]:
    """Count, sum, smallest and largest of every month, straight from the file."""
    months: dict[Month, list[float]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        for row in rows:
            observed = datetime.fromisoformat(row[0] + "+00:00") + shift
            value = float(row[column])
            if column != 1 or value >= 0:
                months[observed.year, observed.month].append(value)
    return {month: (len(values), sum(values), min(values), max(values)) for month, values in months.items()}


def from_hours(city: Bench, entity: str, attribute: str) -> dict[Month, tuple[int, float, float, float]]:
    key = SeriesKey(entity=entity, attribute=expand(attribute))
    months: dict[Month, list[tuple[int, float, float, float]]] = defaultdict(list)
    for bucket in city.broker.hours(key, Window(), SCOPE):
        if bucket.minimum is not None and bucket.maximum is not None:
            start = datetime_of(bucket.start).astimezone(UTC)
            months[start.year, start.month].append((bucket.n, bucket.sum, bucket.minimum, bucket.maximum))
    merged = {}
    for month, buckets in months.items():
        n, sums, lows, highs = zip(*buckets, strict=True)
        merged[month] = (sum(n), sum(sums), min(lows), max(highs))
    return merged


async def test_every_value_goes_in(report: Report, city: Bench) -> None:
    assert (report.rows, report.rows_skipped, report.values_skipped) == (ROWS, 0, 0)
    assert [channel.new for channel in report.channels] == [ROWS] * 6
    assert [len(city.points(entity, attribute).at) for _, entity, attribute, _ in CHANNELS] == [ROWS] * 6
    assert report.notes == ()


@pytest.mark.parametrize("channel", CHANNELS[:5], ids=lambda channel: f"{channel[1].rpartition(':')[2]}-{channel[2]}")
async def test_months_agree_with_the_file(
    report: Report, city: Bench, wupper: Path, channel: tuple[int, str, str, timedelta]
) -> None:
    column, entity, attribute, shift = channel
    mine, theirs = from_hours(city, entity, attribute), recomputed(table(wupper), column, shift)
    assert mine.keys() == theirs.keys()
    for month, (n, total, low, high) in theirs.items():
        count, added, lowest, highest = mine[month]
        assert (count, lowest, highest) == (n, low, high)
        assert added == pytest.approx(total, rel=1e-12)


async def test_the_value_at_one_moment(report: Report, city: Bench) -> None:
    """The highest water of the series stands where the file has it, half an hour after its stamp."""
    points = city.points(WATER + "kluserbruecke")
    index = max(range(ROWS), key=points.values.__getitem__)
    assert points.values[index] == pytest.approx(130.26)
    assert datetime_of(points.at[index]).minute in (0, 30)
    assert points.at == sorted(set(points.at))
    assert points.at[0] == parse_instant("2020-03-28T08:30:00Z")
    assert points.at[-1] == parse_instant("2021-06-01T00:00:00Z")


async def test_faults_of_the_file_are_flagged(report: Report, city: Bench) -> None:
    assert {(f.kind, f.count, f.examples[0].line) for f in report.findings} == {(Kind.IMPLAUSIBLE, 1, 1122)}
    flow = city.points(WATER + "stausee-beyenburg", "flow")
    assert [value for value, q in zip(flow.values, flow.quality, strict=True) if flag_of(q) is Flag.FAIL] == [
        pytest.approx(-0.49667, abs=1e-5)
    ]
    dead = city.points(WEATHER + "niederschlag-barmen-hauptverwaltung", "precipitation")
    assert set(starmap(lambda value, q: (value, flag_of(q)), zip(dead.values, dead.quality, strict=True))) == {
        (0, Flag.FAIL)
    }


async def test_the_days_rain_is_never_known_before_the_day_is_over(report: Report, city: Bench) -> None:
    rain = city.points(WEATHER + "niederschlag-beyenburg", "precipitation")
    steps = [at for at, one, two in zip(rain.at[1:], rain.values, rain.values[1:], strict=False) if one != two]
    assert {at % (24 * HOUR) for at in steps} == {23 * HOUR}
    # 27 mm fell on 22 October 2020 (central European time): known at its end, not before.
    first = next(at for at, value in zip(rain.at, rain.values, strict=True) if value == 27)
    assert first == parse_instant("2020-10-22T23:00:00Z")


async def test_entities_have_names_and_licence(report: Report, city: Bench) -> None:
    entities = city.broker.read(Query(), SCOPE).entities
    names = {entity.id: entity.attributes[expand("name")][0].value for entity in entities}
    assert names == {
        WATER + "stausee-beyenburg": "Beyenburg",
        WATER + "kluserbruecke": "Kluserbrücke",
        WATER + "leimbach": "Leimbach",
        WEATHER + "niederschlag-beyenburg": "Beyenburg",
        WEATHER + "niederschlag-barmen-hauptverwaltung": "Barmen, Hauptverwaltung Wupperverband",
    }
    sources = {(s.provenance.source, s.provenance.licence, s.provenance.simulated) for s in city.broker.series(SCOPE)}
    assert sources == {("wupperverband", "unknown", False)}


async def test_it_comes_again_and_nothing_changes(report: Report, city: Bench, wupper: Path) -> None:
    position = city.broker.position()
    again = await replayed(city, wupper)
    assert again.values == (0, 0, 6 * ROWS)
    assert city.broker.position() == position


async def test_it_is_in_within_ten_seconds(wupper: Path, tmp_path: Path) -> None:
    clock = SystemClock()
    with opened(tmp_path) as bench:
        began = clock.monotonic_s()
        await bench.replay(table(wupper), MAPPING.read_text(encoding="utf-8"))
        assert clock.monotonic_s() - began < 10
