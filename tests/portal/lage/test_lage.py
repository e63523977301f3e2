"""The start page in words: what is warned of, what is calm, what nobody knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import HOUR, MINUTE, format_instant
from talwerk.core.terms import expand
from tests.portal.workbench import NOW, Site, site
from tests.services.warnings.test_in_force import alert, answered

AIR = "urn:ngsi-ld:AirQualityObserved:05124000:uba:DENW189"
STATION = "urn:ngsi-ld:WeatherObserved:05124000:dwd-wetter:05717"
GLUEDER = "urn:ngsi-ld:WaterObserved:05124000:wupperverband:glueder"
HOURLY = Provenance(source="uba", cadence_s=3_600)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


async def test_no_warning_is_said_when_the_source_speaks(here: Site) -> None:
    await here.observe([104.0])
    told = await here.text("/de")
    assert "Keine Warnung." not in told
    assert "Keine Informationsstufe erreicht." in told
    assert (
        "Ob eine amtliche Warnung gilt, ist hier nicht bekannt: Deutscher Wetterdienst hat noch nicht geantwortet."
        in told
    )
    await answered(here, NOW - MINUTE)
    told = await here.text("/de")
    assert "Keine Warnung." in told
    assert "Amtliche Warnungen: abgefragt 13:06 Uhr." in told
    here.clock.pass_s(1_800)
    told = await here.text("/de")
    assert "Keine Warnung." not in told
    assert "Deutscher Wetterdienst hat zuletzt 13:06 Uhr geantwortet." in told


async def test_a_river_that_rises_fast_is_not_called_normal(here: Site) -> None:
    await here.observe([90.0, 100.0, 110.0])
    told = await here.text("/de")
    assert "Die Wupper steigt, in Kluserbrücke um 20 cm in der Stunde." in told
    assert "steht normal" not in told
    assert "The Wupper is rising, by 20 cm an hour at Kluserbrücke." in await here.text("/en")


async def test_river_air_and_weather_in_one_sentence(here: Site) -> None:
    await here.observe([104.0])
    await here.observe([25.0], AIR, "no2", unit="GQ", provenance=HOURLY)
    await here.observe([28.0], AIR, "pm10", unit="GQ", provenance=HOURLY)
    await here.observe([4.1], STATION, "temperature", unit="CEL", provenance=HOURLY)
    await here.observe([0.0], STATION, "precipitation", unit="MMT", provenance=HOURLY)
    told = await here.text("/de")
    # The worst substance decides.
    assert "Die Wupper steht normal, die Luft ist mäßig, es ist trocken bei 4 °C." in told
    assert "28 µg/m³ Feinstaub PM10 mäßig" in told
    assert "The Wupper is at a normal level, the air is moderate, it is dry at 4 °C." in await here.text("/en")


async def test_old_air_is_no_air(here: Site) -> None:
    await here.observe([104.0])
    await here.observe([25.0], AIR, "no2", unit="GQ", provenance=HOURLY, last=NOW - 5 * HOUR)
    assert "die Luft ist" not in await here.text("/de")


async def test_a_moderate_warning_comes_first_and_keeps_its_words(here: Site) -> None:
    await here.observe([130.0])
    await answered(here, NOW - MINUTE)
    await here.write(alert(severity="moderate", instruction="Sichern Sie Gegenstände."))
    told = await here.text("/de")
    assert "Amtliche Warnung. Kluserbrücke: Informationsstufe 1." in told
    assert "Amtliche Warnung · mäßige Gefahr Amtliche WARNUNG vor STURM Gilt bis 14:07 Uhr." in told
    assert 'class="alarm"' not in (await here.get("/de")).text
    assert "Official WARNING of GALES" in await here.text("/en")


@pytest.mark.parametrize("severity, steps", [("severe", False), ("extreme", True)])
async def test_a_grave_warning_leads_the_page(here: Site, severity: str, steps: bool) -> None:
    await here.observe([104.0])
    await answered(here, NOW - MINUTE)
    await here.write(alert(severity=severity, instruction="Gehen Sie nicht in den Keller. Gehen Sie nach oben."))
    html = (await here.get("/de")).text
    assert 'class="alarm"' in html
    assert '<h1 lang="de">Amtliche WARNUNG vor STURM</h1>' in html
    assert 'href="/de/krise"' in html
    assert ('<li lang="de">Gehen Sie nicht in den Keller.</li>' in html) == steps
    here.clock.pass_s(3_600)
    assert 'class="alarm"' not in (await here.get("/de")).text


async def test_the_highest_stage_leads_the_page(here: Site) -> None:
    await here.observe([254.0])
    assert 'class="alarm"' in (await here.get("/de")).text
    assert "Was jetzt zu tun ist" in await here.text("/de")


async def test_a_simulated_warning_never_stands_without_the_word(here: Site) -> None:
    simulated = Provenance(source="wupperverband", cadence_s=1_800, simulated=True)
    await here.observe([104.0], provenance=simulated)
    await here.write(alert(severity="minor"))
    told = await here.text("/de")
    assert "Simulation: Amtliche Warnung." in told
    assert "Simulation · Amtliche Warnung · geringe Gefahr" in told


async def test_what_is_silent_is_named_on_demand(here: Site) -> None:
    await here.observe([104.0])
    await here.observe([20.0], AIR, "no2", unit="GQ", provenance=HOURLY, last=NOW - 5 * HOUR)
    said: Attributes = {
        expand(name): (Attribute(kind=Kind.PROPERTY, value=text),)
        for name, text in (("name", "Messnetz der Nachbarn"), ("health", "unreachable"))
    }
    source = Entity(id="urn:ngsi-ld:DataSource:05124000:talwerk:x", types=(expand("DataSource"),), attributes=said)
    await here.write(Change(mode=Mode.UPDATE, entity=source))
    told = await here.text("/de")
    assert "Was gerade schweigt Messnetz der Nachbarn nicht erreichbar seit" in told
    assert "Gathe schweigt seit 5 Stunden" in told


@pytest.mark.parametrize(
    "levels, unit, stage",
    [([60, 80, 100], "CMT", 2), ([60, 80, 100], "MTR", 0), ([60, 80], "CMT", 0), ([80, 80, 90], "CMT", 0)],
)
async def test_levels_of_a_source_count_where_the_city_has_none(
    here: Site, levels: list[int], unit: str, stage: int
) -> None:
    await here.observe([81.0], GLUEDER)
    by: Attributes = {expand("statedBy"): (Attribute(kind=Kind.PROPERTY, value="Landesamt"),)}
    stated = Attribute(kind=Kind.PROPERTY, value=levels, unit=unit, subattributes=by)
    attributes: Attributes = {expand("informationLevels"): (stated,)}
    entity = Entity(id=GLUEDER, types=(expand("WaterObserved"),), attributes=attributes)
    await here.write(Change(mode=Mode.UPDATE, entity=entity))
    assert (f"Glüder: Informationsstufe {stage}." in await here.text("/de")) == bool(stage)
    if stage:
        assert "Landesamt" in await here.text("/de/messstelle/glueder")


async def test_an_announced_warning_says_from_when(here: Site) -> None:
    await here.observe([104.0])
    times = {"validFrom": format_instant(NOW + HOUR), "validTo": format_instant(NOW + 3 * HOUR)}
    await here.write(alert(severity="extreme", **times))
    html = (await here.get("/de")).text
    assert "Gilt ab 14:07 Uhr bis 16:07 Uhr." in html
    assert 'class="alarm"' not in html
