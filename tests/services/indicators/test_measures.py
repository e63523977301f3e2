"""Each measure against a naive telling of it, on a real store."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.geometry import distance_m
from talwerk.core.instants import parse_instant
from talwerk.core.quality import Flag
from talwerk.sdk.theme import (
    DaysAbove,
    Fresh,
    HoursAbove,
    OnTime,
    PerAddresses,
    Received,
    Selection,
    Share,
    Unsourced,
    Where,
    WithinWalk,
)
from talwerk.services.indicators.of_places import count_near
from talwerk.services.indicators.result import Absence, Part
from tests.portal.workbench import NOW
from tests.services.indicators.workbench import CENTRE, DAY, FULL, HOUR, HOURLY, Bench, bench, words

BERLIN = ZoneInfo("Europe/Berlin")
NO2 = Selection(types=("AirQualityObserved",), attributes=("no2",))


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as opened:
        yield opened


def station(name: str, kind: str = "AirQualityObserved") -> str:
    return f"urn:ngsi-ld:{kind}:05124000:messnetz:{name}"


async def hourly(
    city: Bench, name: str, values: list[float], *, last: int = FULL, attribute: str = "no2", flag: Flag = Flag.PASS
) -> list[int]:
    return await city.site.observe(
        values, station(name), attribute, unit="GQ", last=last, step=HOUR, provenance=HOURLY, flags=[flag]
    )


async def test_fresh_counts_series_within_their_rhythm(city: Bench) -> None:
    await hourly(city, "now", [1, 2, 3])
    await hourly(city, "late", [1, 2, 3], last=NOW - 4 * HOUR)
    await hourly(city, "failing", [9_999], flag=Flag.FAIL)
    await city.site.observe([1], station("free"), "no2", unit="GQ", provenance=HOURLY.__class__(source="frei"))
    found = city.compute(Fresh(series=NO2))
    assert (found.numerator, found.denominator, found.count) == (1, 3, 3)
    assert found.value == pytest.approx(100 / 3)
    assert found.observed == NOW
    assert [origin.source for origin in found.origins] == ["messnetz"]


async def test_fresh_tells_sources_and_types_apart(city: Bench) -> None:
    await hourly(city, "air", [1])
    await city.site.observe([1])
    assert city.compute(Fresh()).count == 2
    assert city.compute(Fresh(series=Selection(types=("WaterObserved",)))).count == 1
    assert city.compute(Fresh(series=Selection(sources=("messnetz",)))).count == 1
    # The profile polls its flood portal with the connector of that name; nothing of it is there.
    assert city.compute(Fresh(series=Selection(sources=("hochwasserportal-nrw",)))).absence is Absence.NO_SERIES


@pytest.mark.parametrize("seed", range(4))
async def test_received_is_what_came_of_what_was_due(city: Bench, seed: int) -> None:
    dice = random.Random(seed)
    came = due = 0
    for number in range(6):
        owed = dice.randrange(1, 9 * 24)
        sent = {at for at in range(owed) if dice.random() < 0.8} | {owed - 1}
        for at in sorted(sent):
            await hourly(city, f"s{number}", [1.0], last=FULL - (at + 1) * HOUR)
        # From the hour of its first value on, at most seven days.
        within = [at for at in sent if at < 7 * 24]
        came, due = came + len(within), due + min(owed, 7 * 24)
    found = city.compute(Received(series=NO2, days=7))
    assert (found.numerator, found.denominator) == (came, due)
    assert found.value == pytest.approx(100 * came / due)
    assert (found.start, found.end) == (FULL - 7 * DAY, FULL)


async def test_what_one_series_sends_too_often_makes_up_for_nothing(city: Bench) -> None:
    eager = [1.0] * 48
    await city.site.observe(eager, station("eager"), "no2", unit="GQ", last=FULL - 1, step=HOUR // 2, provenance=HOURLY)
    await hourly(city, "lazy", [1.0], last=FULL - 24 * HOUR)
    found = city.compute(Received(series=NO2, days=1))
    assert (found.numerator, found.denominator) == (25, 48)


async def test_texts_are_not_expected(city: Bench) -> None:
    await city.site.observe(["rain"] * 5, station("t"), "no2", unit=None, last=FULL, step=HOUR, provenance=HOURLY)
    assert city.compute(Received()).absence is Absence.NO_SERIES


async def test_share_takes_the_newest_time_of_all(city: Bench) -> None:
    for name, values, last in (
        ("solarGeneration", [10, 20, 30.0], FULL),
        ("windOnshoreGeneration", [5, 5, 5.0], FULL - HOUR),
        ("load", [100, 100, 50, 200.0], FULL),
    ):
        await hourly(city, "netz", values, last=last, attribute=name)
    part = tuple(Selection(attributes=(name,)) for name in ("solarGeneration", "windOnshoreGeneration"))
    found = city.compute(Share(part=part, whole=(Selection(attributes=("load",)),)))
    # One hour ago the sun gave 20, the wind 5, and 50 were needed.
    assert (found.numerator, found.denominator, found.value) == (25, 50, 50.0)
    assert found.observed == FULL - HOUR


async def test_share_needs_every_part_and_a_common_time(city: Bench) -> None:
    share = Share(part=(Selection(attributes=("no2",)),), whole=(Selection(attributes=("load",)),))
    await hourly(city, "a", [1])
    assert city.compute(share).absence is Absence.NO_SERIES
    await hourly(city, "b", [1], last=FULL - 5 * HOUR, attribute="load")
    assert city.compute(share).absence is Absence.NO_COMMON_TIME
    await hourly(city, "b", [0], attribute="load")
    assert city.compute(share).absence is Absence.NO_COMMON_TIME, "nothing makes up a share of nothing"


@pytest.mark.parametrize("seed", range(3))
async def test_days_above_agrees_with_a_naive_telling(city: Bench, seed: int) -> None:
    dice = random.Random(seed)
    worst = (0, 0)
    # Across the end of summer time: the day of 25 October has 25 hours.
    today = datetime(2026, 11, 20, tzinfo=BERLIN)
    for number in range(3):
        by_day: dict[str, list[float]] = {}
        at, ends, values = today - timedelta(days=40), [], []
        moment = at.astimezone(UTC)
        while moment < today.astimezone(UTC):
            begin, moment = moment, moment + timedelta(hours=1)
            if dice.random() < 0.85:
                value = float(dice.randrange(20, 80))
                values.append(value)
                ends.append(parse_instant(moment.isoformat()))
                by_day.setdefault(str(begin.astimezone(BERLIN).date()), []).append(value)
        for end, value in zip(ends, values, strict=True):
            await hourly(city, f"s{number}", [value], last=end)
        full = [found for found in by_day.values() if len(found) >= 18]
        worst = max(worst, (sum(sum(found) / len(found) > 50 for found in full), len(full)))
    found = city.compute(DaysAbove(series=NO2, unit="GQ", limit=50, days=365))
    assert [found.numerator, found.denominator, found.value] == [*worst, worst[0]]
    assert found.count == 3
    assert found.observed == parse_instant("2026-11-19T23:00:00Z")


async def test_days_need_hours_and_the_right_unit(city: Bench) -> None:
    yesterday = parse_instant("2026-11-19T20:00:00Z")
    await hourly(city, "short", [90.0] * 17, last=yesterday)
    assert city.compute(DaysAbove(series=NO2, unit="GQ", limit=50)).absence is Absence.TOO_FEW_VALUES
    await hourly(city, "long", [90.0] * 18, last=yesterday)
    assert city.compute(DaysAbove(series=NO2, unit="GQ", limit=50)).value == 1
    assert city.compute(DaysAbove(series=NO2, unit="GP", limit=50)).absence is Absence.TOO_FEW_VALUES
    assert (
        city.compute(DaysAbove(series=Selection(attributes=("o3",)), unit="GQ", limit=1)).absence is Absence.NO_SERIES
    )


async def test_hours_above_speaks_of_yesterday(city: Bench) -> None:
    midnight = parse_instant("2026-11-19T23:00:00Z")
    await hourly(city, "hot", [31.0] * 5 + [20.0] * 15, last=midnight)
    await hourly(city, "cool", [20.0] * 24, last=midnight)
    await hourly(city, "today", [40.0] * 5)
    found = city.compute(HoursAbove(series=NO2, unit="GQ", limit=30))
    assert (found.value, found.denominator, found.place) == (5, 20, station("hot"))
    assert (found.start, found.end) == (midnight - DAY, midnight)


async def test_per_addresses_counts_things_or_adds_up(city: Bench) -> None:
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(20)])
    await city.place("EVChargingStation", [CENTRE] * 2, capacity=4)
    await city.place("EVChargingStation", [CENTRE])
    things = PerAddresses(types=("EVChargingStation",))
    assert city.compute(things).value == pytest.approx(1_000 * 3 / 20)
    found = city.compute(PerAddresses(types=("EVChargingStation",), sum="capacity"))
    assert (found.numerator, found.denominator) == (9, 20)
    assert found.observed is None
    assert {origin.source for origin in found.origins} == {"messnetz", "adressen"}


async def test_few_addresses_are_never_told(city: Bench) -> None:
    await city.place("School", [CENTRE])
    walk = WithinWalk(types=("School",), minutes=15)
    assert city.compute(walk).absence is Absence.NO_ADDRESSES
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(9)])
    assert city.compute(walk).absence is Absence.TOO_FEW
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(10)])
    assert city.compute(walk).denominator == 10
    assert city.compute(WithinWalk(types=("Museum",), minutes=15)).absence is Absence.NO_THINGS


async def test_within_walk_measures_every_address(city: Bench) -> None:
    dice = random.Random(5)

    def anywhere() -> tuple[float, float]:
        return round(CENTRE[0] + dice.uniform(-0.05, 0.05), 7), round(CENTRE[1] + dice.uniform(-0.03, 0.03), 7)

    homes, schools = [anywhere() for _ in range(400)], [anywhere() for _ in range(12)]
    city.settle(homes)
    await city.place("School", schools, category=["Grundschule", "städtisch"])
    await city.place("School", [homes[0]], category=["Gymnasium"])
    walk = WithinWalk(
        types=("School",), where=(Where(attribute="category", is_one_of=("grundschule",)),), minutes=10
    )  # fmt: skip
    found = city.compute(walk)
    reach = 10 * 80 / 1.3
    least = sum(any(distance_m(home, school) <= 0.99 * reach for school in schools) for home in homes)
    most = sum(any(distance_m(home, school) <= 1.01 * reach for school in schools) for home in homes)
    assert 0 < least <= (found.numerator or 0) <= most < 400
    assert found.value == pytest.approx(100 * (found.numerator or 0) / 400)


async def test_within_walk_tells_of_quarters_with_enough_addresses(city: Bench) -> None:
    far = (CENTRE[0] + 0.05, CENTRE[1])
    homes = [CENTRE] * 12 + [far] * 12 + [CENTRE] * 9 + [CENTRE] * 3
    city.settle(homes, ["00"] * 12 + ["01"] * 6 + ["00"] * 6 + ["02"] * 9 + [""] * 3)
    await city.place("School", [CENTRE])
    found = city.compute(WithinWalk(types=("School",), minutes=10))
    assert found.parts == (Part("00", 12, 18),)
    city.settle(homes)
    assert city.compute(WithinWalk(types=("School",), minutes=10)).parts == ()


coordinate = st.tuples(st.floats(7.0, 7.3), st.floats(51.1, 51.4))


@given(st.lists(coordinate, min_size=1, max_size=30), st.lists(coordinate, max_size=10), st.floats(50, 5_000))
def test_the_grid_finds_what_looking_at_all_pairs_finds(
    places: list[tuple[float, float]], targets: list[tuple[float, float]], reach_m: float
) -> None:
    middle = math.cos(math.radians(places[len(places) // 2][1]))

    def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
        return 111_195.0 * math.hypot((one[0] - other[0]) * middle, one[1] - other[1])

    sure = sum(any(metres(place, target) <= reach_m * (1 - 1e-9) for target in targets) for place in places)
    perhaps = sum(any(metres(place, target) <= reach_m * (1 + 1e-9) for target in targets) for place in places)
    assert sure <= count_near(places, targets, reach_m) <= perhaps


async def test_on_time_counts_sources_that_were_asked(city: Bench) -> None:
    assert city.compute(OnTime()).absence is Absence.NO_SOURCES
    for health in ("fresh", "stale", "waiting"):
        await city.place("DataSource", [CENTRE], health=health)
    found = city.compute(OnTime())
    assert (found.numerator, found.denominator, found.value) == (1, 2, 50.0)


async def test_what_has_no_source_has_no_number(city: Bench) -> None:
    await hourly(city, "a", [1])
    found = city.compute(Unsourced(missing=words("Es fehlt eine Quelle.")))
    assert (found.value, found.absence) == (None, Absence.UNSOURCED)
