"""Pages of themes and data, from a city with values to what a person reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import Instant
from talwerk.core.terms import expand
from talwerk.services.indicators.duty import Indicators
from tests.portal.workbench import BRIDGE, NOW, plain
from tests.services.indicators.workbench import CENTRE, HOUR, HOURLY, Bench, bench


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as opened:
        yield opened


async def compute(city: Bench) -> None:
    scope = city.city.system_scope("indicators")
    await Indicators(city.city.themes, city.ground, city.city.broker, scope, clock=city.clock).round()
    city.clock.pass_s(2)


async def test_nine_themes_stand_under_four_zielbilder(city: Bench) -> None:
    answer = await city.site.get("/de/themen")
    assert answer.text.count('class="goal"') == 4
    assert answer.text.count('href="/de/themen/') == 9
    assert 'aria-current="page">Themen' in answer.text
    assert "3 Kennzahlen, noch ohne Daten" in await city.site.text("/de/themen")


async def test_a_number_stands_with_all_that_makes_it_quotable(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await city.site.observe([1.0], BRIDGE, "flow", unit="MQS", last=city.clock.now() - 9 * HOUR, provenance=HOURLY)
    await compute(city)
    told = await city.site.text("/de/themen/sicherheit")
    assert "Pegel, die aktuell melden 50 % 1 von 2 Stand 13:07 Uhr" in told
    assert "Nenner Messreihen an Gewässern" in told
    assert "Quellen Messnetz" in told
    assert "Was noch fehlt Vorwarnzeit Stunden von der Warnung" in told
    assert "Die Stadt gibt über diese Plattform noch keine Warnungen heraus." in told
    assert "Themen Resiliente Stadt, vorbereitete Menschen Sicherheit und Vertrauen" in told
    assert "Pegel, die aktuell melden 50 %" in await city.site.text("/de/themen")


async def test_small_numbers_are_not_told(city: Bench) -> None:
    city.settle([(CENTRE[0] + n / 1_000, CENTRE[1]) for n in range(9)])
    await city.place("EVChargingStation", [CENTRE])
    await compute(city)
    assert "Es sind weniger als zehn." in await city.site.text("/de/themen/mobilitaet")


async def test_sources_tell_state_and_terms(city: Bench) -> None:
    terms = Provenance(source="verband", licence="restricted", attribution="Verband", cadence_s=900)
    await city.site.observe([1.0], BRIDGE, provenance=terms)
    told = await city.site.text("/de/daten")
    assert "Hochwasserportal NRW" in told
    assert "noch nicht abgefragt" in told
    assert "Verband" in told
    assert "eingeschränkt" in told
    assert "1 Messreihe, 1 Objekt" in told
    assert "verband.csv" not in (await city.site.get("/de/daten")).text


async def test_simulated_numbers_say_so(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=Provenance(source="beispiel", cadence_s=900, simulated=True))
    await compute(city)
    for path in ("/de/themen/netze", "/de/daten"):
        told = await city.site.text(path)
        assert "Beispieldaten, nicht gemessen." in told
        assert ", simuliert" in told


async def test_neighbours_stand_beside_an_indicator(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    number = Attribute(kind=Kind.PROPERTY, value=87.0, observed=Instant(NOW - HOUR), unit="P1")
    entity = Entity(
        id="urn:ngsi-ld:KeyPerformanceIndicator:05122000:talwerk:sicherheit.pegel-aktuell",
        types=(expand("KeyPerformanceIndicator"),),
        attributes={expand("kpiValue"): (number,)},
    )
    origin = Provenance(source="nachbarin", attribution="Stadt Nachbarin")
    await city.site.write(Change(mode=Mode.UPDATE, entity=entity, provenance=origin))
    city.clock.pass_s(2)
    assert "Region Stadt Nachbarin: 87 % (20.11.2026)" in await city.site.text("/de/themen/sicherheit")
    assert "Region" not in await city.site.text("/de/themen/umwelt")


async def test_boroughs_stand_beside_the_city_where_boundaries_are_official(city: Bench) -> None:
    territory = cities.territory("wuppertal")
    assert territory is not None
    first, last = territory.quarters[0], territory.quarters[-1]
    far = (CENTRE[0] + 0.05, CENTRE[1])
    city.settle([CENTRE] * 30 + [far] * 10, [first.key] * 30 + [last.key] * 10)
    await city.place("School", [CENTRE], category=["Grundschule"])
    await compute(city)
    names = {part.key: part.name for part in territory.boroughs}
    told = await city.site.text("/de/themen/bildung")
    assert "Grundschule in 15 Minuten zu Fuß 75 % 30 von 40" in told
    assert f"Nach Stadtbezirken Stadtbezirk % Adressen {names[first.borough]} 100 30 von 30" in told
    assert f"{names[last.borough]} 0 0 von 10" in told


async def test_the_course_is_drawn_and_told_as_a_table(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    assert 'class="spark"' not in (await city.site.get("/de/themen/sicherheit")).text
    for _ in range(6):
        city.clock.pass_s(7_200)
        await city.site.observe([2.0], BRIDGE, last=city.clock.now(), provenance=HOURLY)
        await compute(city)
    page = (await city.site.get("/de/themen/sicherheit")).text
    assert page.count('class="spark"') == 1
    assert "Pegel, die aktuell melden, Verlauf vom 20.11.2026 bis 21.11.2026" in page
    assert page.count('<tr><th scope="row">') == 7
    assert 'class="spark"' in (await city.site.get("/de/zielbild/resilienz")).text


async def test_after_some_days_a_course_has_one_value_a_day(city: Bench) -> None:
    for _ in range(5):
        for _ in range(3):
            await city.site.observe([2.0], BRIDGE, last=city.clock.now(), provenance=HOURLY)
            await compute(city)
            city.clock.pass_s(8 * 3_600)
    page = (await city.site.get("/de/themen/sicherheit")).text
    assert 5 <= page.count('<tr><th scope="row">') <= 6


async def test_a_zielbild_leads_to_every_number_in_one_step(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    page = (await city.site.get("/de/zielbild/resilienz")).text
    assert 'href="/de/themen/sicherheit#pegel-aktuell"' in page
    assert 'id="pegel-aktuell"' in (await city.site.get("/de/themen/sicherheit")).text
    assert "2 weitere Kennzahlen ohne Daten" in plain(page)
    assert "Dieses Zielbild gibt es hier nicht." in await city.site.text("/de/zielbild/paradies", 404)


async def test_a_theme_shows_what_is_measured_now_and_what_is_silent(city: Bench) -> None:
    await city.site.observe([61.0], BRIDGE, provenance=HOURLY)
    await city.site.name(BRIDGE, "Kluserbrücke")
    assert "1 Messreihe gehört zu diesem Thema. Alle sind aktuell." in await city.site.text("/de/themen/sicherheit")
    city.clock.pass_s(9 * 3_600)
    told = await city.site.text("/de/themen/sicherheit")
    assert "1 davon ohne aktuellen Wert." in told
    assert "Wasserstand, Kluserbrücke 61 cm schweigt seit 9 Stunden" in told


async def test_only_what_can_be_done_today_is_offered(city: Bench) -> None:
    for theme in city.city.themes.themes:
        told = await city.site.text(f"/de/themen/{theme.key}")
        offered = told.partition("Was Sie tun können")[2].partition("Was die Stadt steuert")[0]
        assert offered, theme.key
        for act in theme.people:
            assert (act.text.de in offered) is not act.planned, act


async def test_themes_are_told_in_english(city: Bench) -> None:
    for theme in city.city.themes.themes:
        answer = await city.site.get(f"/en/themes/{theme.key}")
        told = plain(answer.text)
        assert theme.title.en in told
        for indicator in theme.indicators:
            assert indicator.title.en in told
            assert indicator.formula.en in told
        assert f"/api/v1/themes/{theme.key}?lang=en" in answer.text


async def test_an_unknown_theme_is_a_page(city: Bench) -> None:
    assert "Dieses Thema gibt es hier nicht." in await city.site.text("/de/themen/paradies", 404)


async def test_every_theme_has_a_page_whose_links_lead_somewhere(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    for theme in city.city.themes.themes:
        page = (await city.site.get(f"/de/themen/{theme.key}")).text.partition("<main")[2].partition("</main>")[0]
        for href in {part.split('"')[0] for part in page.split('href="')[1:]}:
            if href.startswith("/"):
                answer = await city.site.get(href.replace("&amp;", "&"))
                assert answer.status_code == 200, (theme.key, href)
