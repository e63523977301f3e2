"""Other cities' platforms and tables in the twin: the real connectors read all pages of what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from talwerk import cities
from talwerk.core.instants import DAY, HOUR, MINUTE, Instant, SystemClock
from talwerk.core.quality import is_good
from talwerk.sdk.profile import Profile
from talwerk.sdk.reading import Ask, Context, Current, Finding, Reading, Thing, Unusable, Whole
from talwerk.services.sources.answers import read_answer
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.feed import Feed, feed
from talwerk.services.sources.shaping import shape
from talwerk.services.sources.state import Health
from talwerk.twin.pace import Pace
from talwerk.twin.twin import Twin
from tests.recording_server import Recorded
from tests.services.sources.workbench import polled
from tests.twin.test_twin import QUICK, answering

PROFILE = """
[city]
key = "teststadt"
name = "Teststadt"
ags = "05999000"
ars = "059990000000"

[[points]]
key = "pegel"
name = "Pegel nebenan"
quantity = "level"
type = "WaterObserved"
attribute = "height"
unit = "MTR"
entities = ["urn:ngsi-ld:WaterObserved:09111000:fluss:17", "sensoren:box-7"]

[[sources]]
key = "nachbar"
connector = "ngsi-ld"
address = "https://nachbar.example/ngsi-ld/v1"
parameters = { type = "WaterObserved,AirQualityObserved,School", authority = "09111000", limit = 5 }

[[sources]]
key = "sensoren"
connector = "sensorthings"
address = "https://sensoren.example/v1.1"
things = ["box-8"]
parameters = { type = "WaterObserved", attributes = "Wasserstand=height", units = "Meter üNN=MTR", limit = 2 }

[[sources]]
key = "orte"
connector = "ogc-features"
address = "https://orte.example"
parameters = { collection = "kitas", type = "Kindergarten", id = "nr", limit = 5 }

[[sources]]
key = "logger"
connector = "csv-table"
address = "https://logger.example"
parameters = { mapping = "keller", path = "keller.csv" }
"""
MAPPING = """
delimiter = ";"
decimal = ","
encoding = "cp1252"
[time]
column = "Zeit (für alle)"
format = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
stamp = "start"
[[channel]]
column = "Wärme"
entity = "keller-1"
target = "Keller"
type = "WeatherObserved"
attribute = "temperature"
unit = "CEL"
cadence_s = 600
[[channel]]
column = "Druck"
entity = "keller-1"
type = "WeatherObserved"
attribute = "strangePressure"
unit = "BAR"
cadence_s = 600
valid_min = 3
valid_max = 5
"""
KEYS = ("nachbar", "sensoren", "orte", "logger")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    folder = tmp_path / "teststadt"
    (folder / "mappings").mkdir(parents=True)
    (folder / cities.PROFILE).write_text(PROFILE, encoding="utf-8")
    (folder / "mappings" / "keller.toml").write_text(MAPPING, encoding="utf-8")
    return folder


def feed_of(city: Path, key: str) -> Feed:
    profile: Profile = cities.load(str(city))
    (source,) = (source for source in profile.sources if source.key == key)
    return feed(source, profile, discover(), city)


def pages(city: Path, key: str) -> Iterator[list[Finding]]:
    """What the connector finds in each answer, following what they lead to."""
    twin, made, now = Twin(str(city), Pace(SystemClock())), feed_of(city, key), SystemClock().now()
    open_: list[tuple[str, dict[str, str]]] = [(made.connector.requests[0].key, {})]
    while open_:
        request, parameters = open_.pop(0)
        url = made.url(made.connector.request(request), parameters, now)
        reply = twin.answer("GET", f"/{key}{url.removeprefix(made.address)}")
        assert reply.status == 200, url
        known = {**made.parameters, **parameters}
        context = Context(now=now, zone=made.connector.zone, wanted=made.wanted, parameters=known)
        found = read_answer(made.connector, made.connector.request(request), reply.body, "", context)
        assert not [each for each in found if isinstance(each, Unusable)]
        yield found
        open_ += [(each.request, each.parameters) for each in found if isinstance(each, Ask)]


def test_a_neighbours_broker_has_the_points_that_the_profile_names(city: Path) -> None:
    read = list(pages(city, "nachbar"))
    assert len(read) == 6, "one gauge, twelve air stations and twelve schools, five a page; the last page is empty"
    found = [each for page in read for each in page]
    things = {each.native: each for each in found if isinstance(each, Thing)}
    assert len(things) == 25
    assert {native.split(":")[3] for native in things} == {"09111000"}
    levels = [each for each in found if isinstance(each, Reading) and each.attribute == "height"]
    assert [(each.native, each.unit) for each in levels] == [("urn:ngsi-ld:WaterObserved:09111000:fluss:17", "MTR")]
    air = {each.attribute for each in found if isinstance(each, Reading) and "AirQuality" in each.native}
    assert air == {"no2", "o3", "pm10", "pm25"}
    assert any(isinstance(each, Current) for each in read[-2]), "schools have no time"


def test_sensorthings_come_in_the_words_of_the_other_city(city: Path) -> None:
    read = list(pages(city, "sensoren"))
    assert len(read) == 2, "two things with two quantities each, two streams a page"
    found = [each for page in read for each in page]
    readings = [each for each in found if isinstance(each, Reading)]
    assert {(each.native, each.attribute, each.unit) for each in readings} == {
        ("box-7", "height", "MTR"),
        ("box-7", "flow", "MQS"),
        ("box-8", "height", "CMT"),
        ("box-8", "flow", "MQS"),
    }
    stamps = sorted({each.observed for each in readings})
    assert len(stamps) == 4
    assert SystemClock().now() - stamps[-1] < 15 * MINUTE + 5_000_000


def test_a_collection_comes_in_pages(city: Path) -> None:
    read = list(pages(city, "orte"))
    assert [sum(isinstance(each, Thing) for each in page) for page in read] == [5, 5, 2]
    things = [each for page in read for each in page if isinstance(each, Thing)]
    assert len({each.native for each in things}) == 12
    assert all(each.location is not None and "simuliert" in each.name for each in things)
    assert not any(isinstance(each, Whole) for page in read for each in page), "a page is not the whole list"


def test_a_table_is_written_as_its_mapping_says(city: Path) -> None:
    (found,) = pages(city, "logger")
    warm = [each for each in found if isinstance(each, Reading) and each.attribute == "temperature"]
    odd = [each for each in found if isinstance(each, Reading) and each.attribute == "strangePressure"]
    assert len(warm) in range(143, 147)
    times = [each.observed for each in warm]
    assert times == sorted(times)
    assert times[-1] - times[0] in range(DAY - 2 * HOUR, DAY + HOUR)
    # The stamp is the start of what a value covers: its end has just passed.
    assert -1_000_000 < SystemClock().now() - times[-1] < 10 * MINUTE + 5_000_000
    assert all(3 < float(each.value) < 5 and is_good(each.quality) for each in odd)
    assert {each.name for each in found if isinstance(each, Thing)} == {"Keller"}


@pytest.mark.parametrize("key", KEYS)
def test_what_comes_can_be_kept_and_comes_again_alike(city: Path, key: str) -> None:
    made, now = feed_of(city, key), Instant(SystemClock().now())
    shaped = [shape([each for page in pages(city, key) for each in page], made, now) for _ in range(2)]
    assert not shaped[0].left_out
    assert [thing.native for thing in shaped[0].things] == [thing.native for thing in shaped[1].things]
    assert [thing.location for thing in shaped[0].things] == [thing.location for thing in shaped[1].things]


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("500", Health.UNREACHABLE),
        ("html", Health.MALFORMED),
        ("empty", Health.MALFORMED),
        ("duplicates", Health.FRESH),
        ("out-of-order", Health.FRESH),
    ],
)
@pytest.mark.parametrize("key", KEYS)
async def test_faults_end_in_a_state_and_pass(
    city: Path, key: str, kind: str, expected: Health, tmp_path: Path
) -> None:
    async with answering(str(city)) as (twin, base):
        profile = cities.load(str(city))
        (source,) = (source for source in profile.sources if source.key == key)
        moved = Profile(
            city=profile.city,
            points=profile.points,
            sources=(msgspec.structs.replace(source, address=f"{base}/{key}"),),
        )
        twin.answer("PUT", f"/twin/fault/{key}/{kind}")
        recorded = Recorded(address=f"{base}/{key}")
        async with polled(tmp_path, recorded, city=moved, patience=QUICK, beside=city) as bench:
            await bench.round()
            assert bench.poll.state.health is expected
            twin.answer("DELETE", f"/twin/fault/{key}")
            bench.clock.ahead_s += DAY / 1_000_000
            await bench.round()
            assert bench.poll.state.health is Health.FRESH
