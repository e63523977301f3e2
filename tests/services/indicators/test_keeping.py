"""Indicators as entities: written once an hour, nothing twice, with history, and never mixed with measurements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event

import pytest

from talwerk.core.change import Origin, Provenance
from talwerk.core.query import Window
from talwerk.core.series import Nature, SeriesKey
from talwerk.sdk.theme import Fresh, Unsourced, WithinWalk
from talwerk.services.indicators.duty import Breath, EndedError, Indicators
from talwerk.services.indicators.keeping import TYPE, VALUE, Standing, indicator_id, standings
from talwerk.services.indicators.result import Absence
from talwerk.services.indicators.themes import Themes
from tests.portal.workbench import NOW, StandingClock
from tests.services.indicators.workbench import (
    CENTRE,
    HOURLY,
    Bench,
    bench,
    indicator,
    theme,
    words,
)

THEME = theme(
    indicator(Fresh(), "aktuell"),
    indicator(WithinWalk(types=("School",), minutes=15), "schule"),
    indicator(Unsourced(missing=words("Fehlt.")), "fehlt"),
)
AGS = "05124000"
IDS = {one.key: indicator_id(AGS, THEME, one) for one in THEME.indicators}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as opened:
        yield opened


def duty(city: Bench) -> Indicators:
    zielbilder = Themes.load("wuppertal").zielbilder
    scope = city.city.system_scope("indicators")
    return Indicators(
        Themes((THEME,), zielbilder), city.ground, city.city.broker, scope, clock=city.clock, first_s=(0.01,)
    )


def kept(city: Bench) -> dict[str, Standing]:
    found = standings(city.city.broker, city.city.system_scope("test"), IDS.values())
    return {key: found[entity] for key, entity in IDS.items() if entity in found}


async def test_an_empty_city_stays_empty(city: Bench) -> None:
    assert await duty(city).round() == 0
    assert city.city.broker.position() == 0


async def test_a_value_is_kept_with_all_that_makes_it_quotable(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    await duty(city).round()
    found = kept(city)
    assert found["aktuell"] == Standing(
        value=100.0,
        numerator=1,
        denominator=1,
        count=1,
        observed=NOW,
        computed=NOW,
        sources=("messnetz",),
        attribution=("Messnetz",),
        licence="CC-BY-4.0",
    )
    assert found["schule"].absence is Absence.NO_ADDRESSES
    assert "fehlt" not in found, "its declaration says all there is to say"
    entries = [entry for entry in city.city.broker.log(0) if entry.entity == IDS["aktuell"]]
    assert {(entry.origin, entry.depth) for entry in entries} == {(Origin.DERIVED, 1)}
    (series,) = [s for s in city.city.broker.series(city.city.system_scope("test"), IDS["aktuell"]) if s.unit == "P1"]
    assert series.provenance.method == THEME.indicators[0].formula.de


async def test_nothing_is_written_twice(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    assert await duty(city).round() > 0
    before = city.city.broker.position()
    assert await duty(city).round() == 0
    assert city.city.broker.position() == before


async def test_values_have_a_history_and_end_when_they_cannot_be_told_any_more(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(10)])
    await city.place("School", [CENTRE])
    await duty(city).round()
    city.clock.pass_s(3_600 * 4)
    city.settle([CENTRE])
    await duty(city).round()
    found = kept(city)
    assert (found["aktuell"].value, found["aktuell"].numerator) == (0.0, 0)
    assert found["schule"] == Standing(absence=Absence.TOO_FEW, computed=city.clock.now())
    key = SeriesKey(entity=IDS["aktuell"], attribute=VALUE)
    points = city.city.broker.points(key, Window(), city.city.system_scope("test"))
    assert points.values == [100.0, 0.0]
    assert points.at == [NOW, NOW + 4 * 3_600_000_000]


async def test_things_alone_do_not_make_a_city_measured(city: Bench) -> None:
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(10)])
    await city.place("School", [CENTRE])
    await duty(city).round()
    assert kept(city)["schule"].value == 100.0
    assert kept(city)["schule"].observed is None
    assert kept(city)["schule"].as_of == NOW
    simulated = Provenance(source="beispiel", cadence_s=3_600, simulated=True)
    await city.site.observe([1.0], provenance=simulated)
    await duty(city).round()
    assert kept(city)["aktuell"].simulated
    assert kept(city)["schule"].simulated
    assert city.city.broker._store.nature() is Nature.SIMULATED


async def test_indicators_are_never_computed_from_indicators(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    await duty(city).round()
    assert city.compute(Fresh()).count == 1
    assert city.compute(Fresh(series=Fresh().series.__class__(types=(TYPE,)))).absence is Absence.NO_SERIES


async def test_the_duty_begins_by_itself_and_ends_when_asked(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    task = asyncio.create_task(duty(city).run())
    async with asyncio.timeout(10):
        while "aktuell" not in kept(city):  # noqa: ASYNC110 - nobody but the store tells
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_pages_and_lists_of_stations_do_not_count_indicators(city: Bench) -> None:
    await city.site.observe([1.0, 2.0])
    before = await city.site.text("/de/messstellen")
    await duty(city).round()
    assert kept(city)["aktuell"].value == 100.0
    city.clock.pass_s(2)
    assert (await city.site.text("/de/messstellen")) == before


class Stopwatch(StandingClock):
    """Each look at it takes ten milliseconds."""

    def monotonic_s(self) -> float:
        self.passed_s += 0.01
        return self.passed_s


def test_work_pauses_four_times_as_long_as_it_takes_and_ends_when_asked() -> None:
    waited: list[float | None] = []

    class Bell(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return self.is_set()

    ending = Bell()
    breath = Breath(Stopwatch(), ending)
    breath()
    assert waited == [pytest.approx(0.04)]
    ending.set()
    with pytest.raises(EndedError):
        breath()


async def test_a_round_that_is_cancelled_ends_between_two_reads(city: Bench) -> None:
    await city.site.observe([1.0], provenance=HOURLY)
    task = asyncio.create_task(duty(city).round())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not kept(city)
