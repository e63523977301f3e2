"""The simulated city: the same whenever it is asked, without jumps, within what can be, and nature's way round."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talwerk import cities
from talwerk.core.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from talwerk.twin.landscape import Landscape
from talwerk.twin.scenario import Played, Silence, load
from talwerk.twin.simulator import SimulatedCity
from talwerk.twin.simulator.daytime import clear_sky_wm2, holidays, sun_height
from talwerk.twin.simulator.river import Gauge, answer_m3s, runoff_share
from talwerk.twin.simulator.storms import Block, Place, Storm, rain_mm, storm_of_slot

BEGIN, END = parse_instant("2020-01-01T00:00:00Z"), parse_instant("2035-01-01T00:00:00Z")
LAND = Landscape("wuppertal", cities.load("wuppertal"))
KLUSE = LAND.figure.gauges["kluserbruecke"]
instants = st.integers(BEGIN, END)
seeds = st.integers(0, 1_000)
gauges = st.builds(Gauge, area_km2=st.floats(1, 2_000), delay_h=st.floats(0, 24), normal_cm=st.floats(10, 300))


def told(city: SimulatedCity, at: int) -> list[object]:
    return [
        city.sky(at),
        city.rain_mm(at - HOUR, at),
        city.level_cm(KLUSE, at),
        city.air("DENW189", at),
        city.electricity(at),
        city.traffic(at),
    ]


@given(seeds, instants, instants)
@settings(max_examples=40)
def test_the_same_seed_and_instant_give_the_same_whatever_was_asked_before(seed: int, at: int, other: int) -> None:
    asked, fresh = SimulatedCity(LAND.figure, seed), SimulatedCity(LAND.figure, seed)
    told(asked, other)
    assert told(asked, at) == told(fresh, at)


def test_another_seed_gives_other_weather() -> None:
    skies = {SimulatedCity(LAND.figure, seed).sky(BEGIN).temperature_c for seed in range(20)}
    assert len(skies) == 20


@given(seeds, instants)
@settings(max_examples=60)
def test_nothing_jumps_within_a_minute(seed: int, at: int) -> None:
    city = SimulatedCity(LAND.figure, seed)
    before, after = city.sky(at), city.sky(at + MINUTE)
    # A shower begins and ends at once; the ten minutes around an instant soften it.
    assert abs(after.temperature_c - before.temperature_c) < 1.5
    assert abs(after.cloud - before.cloud) < 0.1
    assert abs(after.pressure_hpa - before.pressure_hpa) < 0.1
    assert abs(city.level_cm(KLUSE, at + MINUTE) - city.level_cm(KLUSE, at)) < 2
    assert abs(city.traffic(at + MINUTE) - city.traffic(at)) < 0.03
    assert abs(city.electricity(at + MINUTE).load_mw - city.electricity(at).load_mw) < 12_000


@given(seeds, instants)
@settings(max_examples=150)
def test_everything_is_plausible(seed: int, at: int) -> None:
    city = SimulatedCity(LAND.figure, seed)
    sky, air, power = city.sky(at), city.air("DENW114", at), city.electricity(at)
    assert -25 < sky.temperature_c < 43
    assert sky.dew_point_c <= sky.temperature_c + 0.01
    assert 0 <= sky.cloud <= 1
    assert 0 <= sky.radiation_wm2 < 1_000
    assert 1 <= sky.wind_kmh <= sky.gust_kmh < 200
    assert 18 <= sky.humidity <= 100
    assert 980 < sky.pressure_hpa < 1_045
    assert 0 <= city.rain_mm(at - HOUR, at) < 60
    assert 0 < air.no2 < 200
    assert 0 < air.o3 <= 320
    assert 0 < air.pm2_5 < air.pm10 < 150
    assert 30_000 < power.load_mw < 80_000
    assert 0 <= power.solar_mw < 62_000
    assert 0 < power.onshore_mw < 63_000
    assert 0 <= city.traffic(at) <= 1
    assert 40 < city.level_cm(KLUSE, at) < 260


@given(seeds)
@settings(max_examples=5)
def test_most_days_the_river_is_calm_and_a_year_has_its_rain(seed: int) -> None:
    city = SimulatedCity(LAND.figure, seed)
    levels = sorted(city.level_cm(KLUSE, BEGIN + round(step * 8.1 * DAY)) for step in range(90))
    assert 70 < levels[45] < 110
    assert levels[81] < 130, "nine days of ten"
    assert 700 < city.rain_mm(BEGIN, BEGIN + 365 * DAY) < 1_700


@given(seeds, instants, gauges)
@settings(max_examples=40)
def test_the_river_gives_back_what_of_a_storm_does_not_stay(seed: int, at: int, gauge: Gauge) -> None:
    slots = (storm_of_slot(seed, at // (6 * HOUR) + later) for later in itertools.count())
    storm = next(each for each in slots if each is not None)
    begin = storm.blocks[0].start
    assert answer_m3s(storm, begin, gauge) == 0
    step = 10 * MINUTE
    flows = [answer_m3s(storm, begin + step * index, gauge) for index in range(20 * 24 * 6)]
    assert min(flows) >= 0
    fallen_m3 = storm.depth_mm / 1_000 * gauge.area_km2 * 1e6 * runoff_share(storm.depth_mm)
    assert sum(flows) * step / SECOND == pytest.approx(fallen_m3, rel=0.02)
    # It rises after the rain has begun and the water has travelled, never before.
    assert begin + flows.index(max(flows)) * step > begin + gauge.delay_h * HOUR


@given(st.floats(1, 60), st.floats(1, 60))
def test_more_rain_makes_more_river(one: float, other: float) -> None:
    less, more = sorted((one, other))
    flows = [
        answer_m3s(Storm((Block(BEGIN, BEGIN + 6 * HOUR, depth),), 0.0), BEGIN + 12 * HOUR, KLUSE)
        for depth in (less, more)
    ]
    assert flows[0] <= flows[1]
    assert KLUSE.level_cm(flows[0]) <= KLUSE.level_cm(flows[1])


@given(seeds, instants, st.floats(-30, 30), st.floats(-30, 30))
def test_a_storm_brings_all_its_rain_to_every_place(seed: int, at: int, east: float, north: float) -> None:
    slots = (storm_of_slot(seed, at // (6 * HOUR) + later) for later in itertools.count())
    storm = next(each for each in slots if each is not None)
    begin, end = storm.blocks[0].start - DAY, storm.blocks[-1].end + DAY
    assert rain_mm(storm, begin, end, Place(east, north)) == pytest.approx(storm.depth_mm)


@pytest.mark.parametrize(
    "year, easter", [(2021, "04-04"), (2024, "03-31"), (2025, "04-20"), (2038, "04-25"), (1954, "04-18")]
)
def test_holidays_follow_easter(year: int, easter: str) -> None:
    monday = parse_instant(f"{year}-{easter}T00:00:00Z") + DAY
    assert any((parse_instant(f"{day}T00:00:00Z")) == monday for day in holidays(year))
    assert len(holidays(year)) in {10, 11}


@pytest.mark.parametrize(
    "at, height",
    # Noon of the solstices and the night between, at 51 degrees north: 90 - 51 +- 23.4 degrees.
    [("2026-06-21T11:30:00Z", 0.887), ("2026-12-21T11:30:00Z", 0.267), ("2026-03-20T23:40:00Z", -0.629)],
)
def test_the_sun_stands_where_it_should(at: str, height: float) -> None:
    assert sun_height(parse_instant(at), 7.15, 51.0) == pytest.approx(height, abs=0.02)
    assert (clear_sky_wm2(height) > 0) == (height > 0)


def test_the_flood_follows_its_documented_timeline() -> None:
    scenario = load("flood-2021-07", "wuppertal")
    city = SimulatedCity(LAND.figure, 1, Played(scenario=scenario))
    compared = 0
    for event in scenario.event:
        if not event.point:
            continue
        gauge = LAND.figure.gauges[event.point]
        if event.level_cm is not None:
            assert city.level_cm(gauge, event.instant) == pytest.approx(event.level_cm, rel=0.1), event.text
        if event.flow_m3s is not None:
            assert city.flow_m3s(gauge, event.instant) == pytest.approx(event.flow_m3s, rel=0.1), event.text
        compared += 1
    assert compared == 5
    fallen = city.rain_mm(parse_instant("2021-07-13T22:00:00+02:00"), parse_instant("2021-07-14T22:00:00+02:00"))
    assert 130 <= fallen <= 160
    assert not scenario.silence, "what is shown is the whole flood, also where the gauge failed that day"


def test_a_scenario_can_let_a_gauge_fail() -> None:
    told = Silence(
        point="kluserbruecke", begins="2021-07-14T17:10+02:00", ends="2021-07-14T18:00+02:00", source="Angenommen"
    )
    scenario = msgspec.structs.replace(load("flood-2021-07", "wuppertal"), silence=(told,))
    city = SimulatedCity(LAND.figure, 1, Played(scenario=scenario))
    silent = [
        city.silent("kluserbruecke", parse_instant(f"2021-07-14T17:{minute}:00+02:00")) for minute in ("05", "10")
    ]
    assert silent == [False, True]


def test_heat_is_hot_and_ends() -> None:
    scenario = load("heat-week", "wuppertal")
    city = SimulatedCity(LAND.figure, 1, Played(scenario=scenario))
    warmest = [
        max(city.sky(scenario.opening + day * DAY + hour * HOUR).temperature_c for hour in range(24)) for day in (0, 5)
    ]
    assert warmest[0] > 32
    assert warmest[1] < warmest[0] - 4
    assert city.rain_mm(scenario.opening - 4 * DAY, scenario.opening) == 0
