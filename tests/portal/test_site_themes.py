"""Pages of themes and data, from a city with values to what a person reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from talwerk.core.change import Provenance
from talwerk.services.indicators.duty import Indicators
from tests.portal.workbench import BRIDGE
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
    assert (await city.site.text("/de/themen/netze")).count("Beispieldaten, nicht gemessen.") >= 2
    assert (await city.site.text("/de/daten")).count("Beispieldaten, nicht gemessen.") >= 2


async def test_an_unknown_theme_is_a_page(city: Bench) -> None:
    assert "Diese Seite gibt es nicht." in await city.site.text("/de/themen/paradies", 404)


async def test_every_theme_has_a_page_whose_links_lead_somewhere(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    for theme in city.city.themes.themes:
        page = (await city.site.get(f"/de/themen/{theme.key}")).text
        for href in {part.split('"')[0] for part in page.split('href="')[1:]}:
            if href.startswith("/"):
                answer = await city.site.get(href.replace("&amp;", "&"))
                assert answer.status_code == 200, (theme.key, href)
