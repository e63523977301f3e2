"""Pages about data: the list with its filter, one dataset, interfaces, services and views."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.identifiers import city_urn
from talwerk.core.instants import HOUR
from talwerk.core.terms import expand
from talwerk.portal.data.platform import backup
from talwerk.portal.site.backstage import Platform
from talwerk.services.sources.duty import OWNER, TYPE
from talwerk.texts import catalogue
from tests.portal.workbench import BRIDGE, NOW, RAIN, Site, site

OPEN = Provenance(source="messnetz", licence="CC-BY-4.0", attribution="Messnetz", cadence_s=1_800)
NARROW = Provenance(source="verband", licence="restricted", attribution="Verband", cadence_s=1_800)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def told(source: str, health: str) -> Change:
    entity = Entity(
        id=city_urn(TYPE, "05124000", OWNER, source),
        types=(expand(TYPE),),
        attributes={expand("health"): (Attribute(kind=Kind.PROPERTY, value=health),)},
    )
    return Change(mode=Mode.UPDATE, entity=entity)


def cards(page: str) -> list[str]:
    return re.findall(r'<li class="card" id="([^"]+)"', page)


async def test_the_list_is_narrowed_by_words_theme_and_state(city: Site) -> None:
    await city.observe([1.0], provenance=OPEN)
    await city.observe([2.0], RAIN, "precipitation", unit="MMT", provenance=NARROW)
    await city.write(told("uba", "silent"))
    every = cards((await city.get("/de/daten")).text)
    assert {"messnetz", "verband", "uba", "smard"} <= set(every)
    assert cards((await city.get("/de/daten?suche=NIEDERSCHLAG+verb")).text) == ["wupperverband", "verband"]
    assert cards((await city.get("/de/daten?zustand=silent")).text) == ["uba"]
    assert "smard" in cards((await city.get("/de/daten?thema=umwelt")).text)
    assert "verband" not in cards((await city.get("/de/daten?thema=umwelt")).text)
    nothing = await city.get("/de/daten?suche=gibt+es+nicht")
    assert not cards(nothing.text)
    assert f"0 von {len(every)} Datensätzen passen. Alle zeigen" in await city.text("/de/daten?suche=gibt+es+nicht")
    assert 'value="&lt;b&gt;"' in (await city.get("/de/daten?suche=<b>")).text


@pytest.mark.parametrize(
    "path, status, text",
    [
        ("/de/daten?thema=paradies", 400, "Das Thema „paradies“ gibt es hier nicht."),
        ("/de/daten?zustand=munter", 400, "Den Zustand „munter“ gibt es nicht."),
        ("/de/daten/paradies", 404, "Einen Datensatz „paradies“ gibt es hier nicht."),
    ],
)
async def test_what_does_not_exist_is_a_helpful_page(city: Site, path: str, status: int, text: str) -> None:
    assert text in await city.text(path, status)


async def test_a_dataset_tells_fields_values_and_how_to_get_them(city: Site) -> None:
    await city.observe([61.0, 62.5], provenance=OPEN)
    await city.name(BRIDGE, "Kluserbrücke")
    page = await city.text("/de/daten/messnetz")
    assert "Das heißt Sie dürfen die Daten nutzen, weitergeben und verändern." in page
    assert "height Wasserstand cm (CMT) 1 gemessen, mit Verlauf" in page
    assert "Wasserstand, Kluserbrücke" in page
    assert "Stand 20.11.2026, 13:07 Uhr. Lizenz: CC-BY-4.0. http://localhost:8080/de/daten/messnetz" in page
    assert "curl 'http://localhost:8080/api/v1/datasets/messnetz.csv'" in page


async def test_narrow_terms_are_said_plainly(city: Site) -> None:
    await city.observe([1.0], provenance=NARROW)
    await city.observe([1.0], RAIN, "precipitation", unit="MMT", provenance=Provenance(source="x", cadence_s=900))
    page = await city.get("/de/daten/verband")
    assert "Die Bedingungen sind eng" in page.text
    assert "/api/v1/datasets/verband.csv" not in page.text
    assert "Niemand hat Bedingungen genannt." in await city.text("/de/daten/x")


async def test_simulated_values_are_never_quoted_as_their_publishers(city: Site) -> None:
    await city.observe([1.0], provenance=Provenance(source="schulen", licence="CC0-1.0", cadence_s=900, simulated=True))
    page = await city.text("/de/daten/schulen")
    assert "Zitieren Simulierte Werte zu „Schulen“, nicht von: Stadt Wuppertal." in page
    assert "Diese Werte hat niemand gemessen" in page


async def test_a_source_tells_how_it_was(city: Site) -> None:
    for health in ("fresh", "unreachable", "fresh", "stale"):
        await city.write(told("uba", health))
        city.clock.pass_s(3_600)
    page = await city.text("/de/daten/uba")
    assert "Die Quelle antwortet, aber ihr jüngster Wert ist älter, als er sein sollte." in page
    told_so = page[page.index("Wie es der Quelle ging") :]
    assert re.findall(r"(\d\d:\d\d) Uhr (veraltet|aktuell|nicht erreichbar)", told_so) == [
        ("16:07", "veraltet"),
        ("15:07", "aktuell"),
        ("14:07", "nicht erreichbar"),
        ("13:07", "aktuell"),
    ]


@pytest.mark.parametrize("path", ["/de/schnittstellen", "/de/daten/messnetz"])
async def test_every_example_answers(city: Site, path: str) -> None:
    await city.observe([61.0, 62.5], provenance=OPEN)
    page = (await city.get(path)).text
    commands = [unescape(text) for text in re.findall(r'<pre class="command"[^>]*>(.*?)</pre>', page)]
    links = [unescape(href) for href in re.findall(r'<a class="see" href="([^"]+)"', page)]
    assert len(links) >= 4
    for href in links:
        answer = await city.visitor.get(href)
        assert answer.status_code == 200, href
        assert answer.text.strip() not in {"", "[]"}, href
    told_links = [command for command in commands if "/changes" not in command]
    assert len(told_links) == len(links)
    for command, href in zip(told_links, links, strict=True):
        # What stands in the command is what the link asks.
        fields = re.findall(r"-d '([^']+)'", command)
        asked = re.search(r"'http://localhost:8080([^']+)'", command)
        assert asked is not None
        assert href == (f"{asked[1]}?{'&'.join(fields)}" if fields else asked[1])


async def test_an_empty_city_has_examples_that_answer(city: Site) -> None:
    page = (await city.get("/de/schnittstellen")).text
    for href in re.findall(r'<a class="see" href="([^"]+)"', page):
        assert (await city.visitor.get(unescape(href))).status_code == 200, href


async def test_services_tell_what_concerns_everybody(city: Site) -> None:
    calm = await city.text("/de/dienste")
    assert "Alle Dienste laufen." in calm
    assert "Neue Messwerte werden angenommen und gespeichert." in calm
    assert "Die erste Sicherung steht noch aus." in calm
    await city.write(told("uba", "unreachable"), told("smard", "fresh"))
    ailing = await city.text("/de/dienste")
    assert "Die Plattform läuft, manches ist nicht aktuell." in ailing
    assert "1 von 2 abgefragten Quellen sind aktuell." in ailing
    assert "Luftdaten des Umweltbundesamtes nicht erreichbar seit" in ailing
    assert str(city.city.directory) not in ailing


async def test_views_are_counted_without_anybody(city: Site) -> None:
    assert "Es wurde noch nichts gezählt." in await city.text("/de/nutzung")
    await city.get("/de")
    await city.get("/de")
    await city.get("/de/themen/umwelt")
    await city.get("/de/gibt-es-nicht")
    await city.get("/de", **{"sec-fetch-mode": "cors"})  # what the live script does
    await city.get("/de", **{"sec-purpose": "prefetch"})
    await city.visitor.head("/de", headers={"accept": "text/html"})
    city.clock.pass_s(61)
    page = await city.text("/de/nutzung")
    assert "4 Aufrufe seit 20.11.2026" in page
    assert "Lage 2" in page
    assert "Themen 1" in page
    assert "Nutzung 1" in page


async def test_examples_begin_as_others_reach_the_city(tmp_path: Path) -> None:
    async with site(tmp_path, hosts=("daten.stadt.example",)) as city:
        assert "curl 'https://daten.stadt.example/api/v1/datasets'" in await city.text("/de/schnittstellen")


@pytest.mark.parametrize(
    "made_h, failed, running_h, key, state",
    [
        (1, False, 900, "backup", "good"),
        (1, True, 900, "backup", "late"),
        (40, False, 900, "backup", "late"),
        (None, False, 1, "first_backup", "good"),
        (None, False, 40, "backup", "late"),
        (None, True, 1, "backup", "bad"),
    ],
)
def test_backups_are_told_as_they_are(made_h: int | None, failed: bool, running_h: int, key: str, state: str) -> None:
    known = Platform(
        version="1",
        since_us=NOW - running_h * HOUR,
        room=True,
        backup_us=None if made_h is None else NOW - made_h * HOUR,
        backup_late=failed,
        copying=False,
        copied_us=None,
    )
    service = backup(known, NOW)
    assert (service.key, service.state) == (key, state)
    for language in ("de", "en"):
        assert f"service.{key}_{state}" in catalogue(language)


async def test_views_survive_a_restart(tmp_path: Path) -> None:
    async with site(tmp_path) as first:
        await first.get("/de")
    async with site(tmp_path) as second:
        assert "1 Aufruf seit 20.11.2026" in await second.text("/de/nutzung")


async def test_data_are_told_in_english(city: Site) -> None:
    await city.write(told("schulen", "fresh"))
    answer = await city.get("/en/data")
    assert answer.headers["content-language"] == "en"
    assert "Schools" in answer.text
    assert "/api/v1/datasets/schulen?lang=en" in answer.text
    for name in ("data", "doors", "status", "statistics", "themes"):
        page = await city.get(f"/en/{catalogue('en').text(f'address.{name}')}")
        assert page.status_code == 200, name
