"""What data the city has: as declared, as it came, and on which terms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.terms import expand
from talwerk.services.catalogue.catalogue import SIMULATED_TERMS, Catalogue
from talwerk.services.catalogue.dataset import Dataset
from talwerk.services.catalogue.dataset import Kind as Way
from talwerk.services.indicators.duty import Indicators
from talwerk.services.sources.state import Health
from tests.portal.workbench import BRIDGE, LATEST, NOW
from tests.services.indicators.workbench import CENTRE, HOURLY, Bench, bench

PORTAL = "urn:ngsi-ld:WaterObserved:05124000:hochwasserportal-nrw:2736510000100"
FEED = Provenance(source="hochwasserportal-nrw", licence="DL-DE-ZERO-2.0", cadence_s=900)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as opened:
        yield opened


def catalogue(city: Bench) -> Catalogue:
    opened, ground = city.city, city.ground
    return Catalogue(
        opened.broker, opened.profile, opened.themes, ground.territory, opened.official, opened.clock
    )  # fmt: skip


def found(city: Bench, key: str) -> Dataset | None:
    return catalogue(city).dataset(city.city.system_scope("test"), key)


async def say(city: Bench, health: str, error: str = "") -> None:
    """Say how the flood portal is, as the duty that polls does."""
    told = {"health": health, "lastError": error}
    entity = Entity(
        id="urn:ngsi-ld:DataSource:05124000:talwerk:hochwasserportal-nrw",
        types=(expand("DataSource"),),
        attributes={expand(name): (Attribute(kind=Kind.PROPERTY, value=text),) for name, text in told.items()},
    )
    await city.site.write(Change(mode=Mode.UPDATE, entity=entity, provenance=FEED))


async def test_a_declared_source_is_there_before_it_brings_anything(city: Bench) -> None:
    one = found(city, "hochwasserportal-nrw")
    assert one is not None
    assert (one.kind, one.health, one.series, one.last, one.exportable) == (Way.POLLED, None, 0, None, False)
    assert (one.units, one.attributes, one.themes) == (("CMT",), ("height",), ("sicherheit",))
    assert one.publisher
    assert one.terms


async def test_a_source_tells_state_and_extent(city: Bench) -> None:
    await say(city, "unreachable", "the name is unknown")
    await city.site.observe([1.0, 2.0, 3.0], PORTAL, provenance=FEED)
    one = found(city, "hochwasserportal-nrw")
    assert one is not None
    assert (one.health, one.error, one.series, one.things) == (Health.UNREACHABLE, "the name is unknown", 1, 1)
    assert one.since is not None
    assert abs(one.since - NOW) < 1_000
    assert (one.first, one.last) == (LATEST - 2 * 30 * 60_000_000, LATEST)
    assert one.types == ("WaterObserved",)


async def test_what_came_without_a_declaration_is_there_too(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=Provenance(source="beispiel", simulated=True, cadence_s=60))
    await city.place("School", [CENTRE])
    own, things = found(city, "beispiel"), found(city, "messnetz")
    assert own is not None
    assert things is not None
    assert (own.kind, own.title, own.simulated, own.licence) == (Way.SENT, "Beispieldaten", True, "unknown")
    assert (things.title, things.series, things.things, things.types) == ("Messnetz", 0, 1, ("School",))
    assert things.last is not None


@pytest.mark.parametrize("simulated, given", [(True, ("CC0-1.0", True)), (False, ("restricted", False))])
async def test_simulated_values_are_given_away_and_measured_ones_as_their_publisher_says(
    city: Bench, simulated: bool, given: tuple[str, bool]
) -> None:
    key = "wupperverband"
    real = found(city, key)
    assert real is not None
    assert (real.licence, real.exportable) == ("restricted", False)
    licence, credit = ("CC0-1.0", f"Simulation, nicht von: {real.attribution}") if simulated else ("restricted", "")
    said = Provenance(source=key, licence=licence, attribution=credit, cadence_s=900, simulated=simulated)
    await city.site.observe([1.0], f"urn:ngsi-ld:WaterObserved:05124000:{key}:leimbach", provenance=said)
    one = found(city, key)
    assert one is not None
    assert (one.licence, one.exportable) == given
    assert (one.attribution, one.terms) == (credit or real.attribution, SIMULATED_TERMS if simulated else real.terms)


async def test_of_a_very_large_source_only_a_sample_is_looked_at(city: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talwerk.services.catalogue.catalogue.SAMPLE", 2)
    for number in range(5):
        entity = f"urn:ngsi-ld:WaterObserved:05124000:hochwasserportal-nrw:{number}"
        await city.site.observe([1.0 + number], entity, provenance=FEED)
    await city.site.observe([1.0], "urn:ngsi-ld:WaterObserved:other", provenance=HOURLY)
    one = found(city, FEED.source)
    assert one is not None
    assert (one.series, one.things, one.types, one.units) == (5, 5, ("WaterObserved",), ("CMT",))
    everything = catalogue(city).series(city.city.system_scope("test"), FEED.source)
    assert len(tuple(everything)) == 5


async def test_official_files_and_indicators_are_datasets(city: Bench) -> None:
    assert found(city, "adressen") is None
    assert found(city, "talwerk") is None
    city.settle([CENTRE] * 12)
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    scope = city.city.system_scope("indicators")
    await Indicators(city.city.themes, city.ground, city.city.broker, scope, clock=city.clock).round()
    addresses, computed = found(city, "adressen"), found(city, "talwerk")
    assert addresses is not None
    assert computed is not None
    assert (addresses.kind, addresses.licence, addresses.title) == (Way.LAYER, "CC-BY-4.0", "Adressen der Stadt")
    assert (computed.kind, computed.types) == (Way.COMPUTED, ("KeyPerformanceIndicator",))
    assert len(computed.themes) == 9


async def test_it_is_read_again_when_the_city_changed(city: Bench) -> None:
    kept, scope = catalogue(city), city.city.system_scope("test")
    before = kept.datasets(scope)
    assert kept.datasets(scope) is before
    await city.site.observe([1.0], PORTAL, provenance=FEED)
    assert kept.dataset(scope, "hochwasserportal-nrw") != before[0]


@pytest.mark.parametrize(
    "licence, may",
    [
        ("CC-BY-4.0", True),
        ("DL-DE-ZERO-2.0", True),
        ("unknown", False),
        ("restricted", False),
        ("", False),
        ("CC-BY-NC-4.0", False),
        ("cc-by-nc-sa-4.0", False),
    ],
)
def test_terms_have_consequences(licence: str, may: bool) -> None:
    assert Dataset(key="x", kind=Way.SENT, title="X", licence=licence).exportable is may
