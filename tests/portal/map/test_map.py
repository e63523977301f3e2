"""The map: one choice for its page, its list, its points and its files; the past; what may be taken along."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from justhtml import JustHTML

from talwerk.core.change import Provenance
from talwerk.core.instants import HOUR, Instant
from talwerk.portal.map.choice import Choice, time_text
from talwerk.portal.map.stock import Gathering, Stock
from talwerk.portal.map.tiles import FILE
from talwerk.texts import catalogue
from tests.portal.map.places import AIR, BARMEN, ELBERFELD, fill, pmtiles, point, thing
from tests.portal.workbench import BRIDGE, LATEST, NOW, Site, site

PAGE = "/de/karte"
ALL = "ebene=wasser,luft,wetter,School,RestrictedTrafficArea"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        await fill(opened)
        yield opened


async def names(here: Site, query: str) -> list[str]:
    """Names of the list's entries, in its order."""
    answer = await here.get(f"{PAGE}?{query}")
    assert answer.status_code == 200, answer.text
    page = JustHTML(answer.text)
    return [one.to_text().strip() for one in page.query(".map-what > :first-child")]


async def points(here: Site, query: str = "") -> dict[str, dict[str, Any]]:
    """Features of the moving map by name."""
    answer = await here.get(f"{PAGE}/punkte.json?{query}")
    assert answer.status_code == 200, answer.text
    return {one["properties"]["name"]: one for one in answer.json()["features"]}


async def test_first_what_is_measured_is_shown_with_value_state_and_age(here: Site) -> None:
    assert await names(here, "") == ["Kluserbrücke", "Sensor am Markt", "Sensor ohne Ort"]
    told = await here.text(PAGE)
    assert "3 Einträge, auf der Karte und als Liste. Einer davon hat keinen bekannten Ort" in told
    assert "Wasserstand 103 cm normal vor 7 min" in told
    assert "ohne Ort, nur in der Liste" in told


async def test_map_and_list_show_the_same(here: Site) -> None:
    for query in (ALL, "ebene=School", f"{ALL}&text=schule+1", f"{ALL}&bezirk=5", f"{ALL}&groesse=Wasserstand"):
        listed = [name for name in await names(here, query) if name != "Sensor ohne Ort"]
        assert sorted(await points(here, query)) == sorted(listed), query
        assert listed


async def test_a_form_sends_layers_one_by_one_and_none_is_none(here: Site) -> None:
    assert await names(here, "ebene=School&ebene=luft&text=") == [
        "Schule 0",
        "Schule 1",
        "Schule 2",
        "Sensor am Markt",
    ]
    assert await names(here, "text=") == []
    assert "Zu dieser Auswahl gibt es keinen Eintrag" in await here.text(f"{PAGE}?text=")


async def test_filters_narrow_by_name_borough_and_quantity(here: Site) -> None:
    assert await names(here, f"{ALL}&text=MARKT") == ["Sensor am Markt"]
    assert "Kluserbrücke" not in await names(here, f"{ALL}&bezirk=5")
    assert await names(here, f"{ALL}&groesse=Wasserstand") == ["Kluserbrücke"]
    assert "Die Bezirksgrenzen sind angenähert" in await here.text(f"{PAGE}?{ALL}&bezirk=5")


async def test_points_are_short_and_say_what_the_list_says(here: Site) -> None:
    found = (await points(here))["Kluserbrücke"]
    assert found["geometry"] == {"type": "Point", "coordinates": list(ELBERFELD)}
    told = found["properties"]
    assert (told["state"], told["quantity"], told["value"], told["age"]) == (
        "normal",
        "Wasserstand",
        "103\u00a0cm",
        "vor 7 min",
    )
    assert told["href"] == "/de/messstelle/kluserbruecke"
    zone = (await points(here, ALL))["Zone 1"]
    assert zone["geometry"]["type"] == "Polygon"
    assert zone["properties"]["state"] == "thing"


async def test_the_past_is_as_it_was(here: Site) -> None:
    at = LATEST - 5 * HOUR + 60_000_000
    told = await here.text(f"{PAGE}?zeit={time_text(at)}")
    assert "Wasserstand 98 cm" in told
    assert (await points(here, f"zeit={time_text(at)}"))["Sensor am Markt"]["properties"]["value"] == "28\u00a0µg/m³"
    # The bridge was not measured before its first value, and says nothing then.
    early = await points(here, f"zeit={time_text(LATEST - 30 * HOUR)}")
    assert early == {}


async def test_a_stopped_sensor_is_silent_on_the_map(here: Site) -> None:
    here.clock.pass_s(6 * 3_600)
    told = (await points(here))["Sensor am Markt"]["properties"]
    assert told["state"] == "silent"
    assert told["word"].startswith("schweigt seit")


async def test_new_values_reach_the_map(here: Site) -> None:
    before = await here.get(f"{PAGE}/punkte.json")
    assert (await here.get(f"{PAGE}/punkte.json", **{"if-none-match": before.headers["etag"]})).status_code == 304
    here.clock.pass_s(60)
    await here.observe([250.0], BRIDGE, last=NOW + 1)
    here.clock.pass_s(60)
    assert (await points(here))["Kluserbrücke"]["properties"]["state"] == "stage-2"


async def test_only_what_everybody_may_take_is_in_the_files(here: Site) -> None:
    answer = await here.get(f"{PAGE}/auswahl.geojson?{ALL}")
    assert answer.headers["content-disposition"] == 'attachment; filename="auswahl.geojson"'
    told = answer.json()
    taken = {one["properties"]["name"]: one for one in told["features"]}
    assert "Kluserbrücke" not in taken
    assert told["withheld"] == 1
    assert "Menschen, die messen" in told["attribution"]
    assert "© Verband" not in told["attribution"]
    assert taken["Sensor am Markt"]["properties"]["licence"] == "CC0-1.0"
    assert taken["Sensor am Markt"]["properties"]["values"][0]["value"] == 33.0
    assert taken["Sensor ohne Ort"]["geometry"] is None
    rows = list(csv.DictReader(io.StringIO((await here.get(f"{PAGE}/auswahl.csv?{ALL}")).text)))
    assert {row["name"] for row in rows} == set(taken)
    sensor = next(row for row in rows if row["id"] == AIR)
    assert (sensor["longitude"], sensor["value"], sensor["unit"]) == (str(BARMEN[0]), "33.0", "µg/m³")
    assert "Ein Eintrag ist in den Dateien nicht enthalten" in await here.text(f"{PAGE}?{ALL}")


async def test_nothing_that_may_be_taken_is_no_file(here: Site) -> None:
    answer = await here.get(f"{PAGE}/auswahl.csv?ebene=wasser")
    assert answer.status_code == 403
    page = await here.get(f"{PAGE}?ebene=wasser")
    assert "auswahl.csv" not in page.text


async def test_of_simulated_values_every_way_out_tells_the_same_terms(tmp_path: Path) -> None:
    key = "wupperverband"
    credit = "Simulation, nicht von: © Wupperverband"
    told = Provenance(source=key, licence="CC0-1.0", attribution=credit, cadence_s=900, simulated=True)
    gauge = f"urn:ngsi-ld:WaterObserved:05124000:{key}:leimbach"
    async with site(tmp_path) as twin:
        assert (await twin.get(f"/api/v1/datasets/{key}")).json()["licence"] == "restricted", "as the profile says"
        await twin.observe([20.0, 21.0], gauge, provenance=told)
        await twin.write(thing(gauge, "Leimbach", point(ELBERFELD), told))
        dataset = (await twin.get(f"/api/v1/datasets/{key}")).json()
        assert (dataset["licence"], dataset["attribution"], dataset["exportable"]) == ("CC0-1.0", credit, True)
        given = await twin.get(dataset["csv"])
        assert (given.status_code, given.headers["x-licence"]) == (200, "CC0-1.0")
        page = await twin.text(f"/de/daten/{key}")
        assert "CC0-1.0" in page
        assert "eingeschränkt" not in page
        (feature,) = (await twin.get(f"{PAGE}/auswahl.geojson?ebene=wasser")).json()["features"]
        assert (feature["properties"]["licence"], feature["properties"]["attribution"]) == ("CC0-1.0", credit)
        (row,) = csv.DictReader(io.StringIO((await twin.get(f"{PAGE}/auswahl.csv?ebene=wasser")).text))
        assert (row["licence"], row["attribution"]) == ("CC0-1.0", credit)


async def test_the_ground_holds_parts_and_axis(here: Site) -> None:
    found = (await here.get(f"{PAGE}/grund.json")).json()["features"]
    kinds = [one["properties"]["kind"] for one in found]
    assert kinds.count("borough") == kinds.count("borough-name") == 10
    assert kinds.count("quarter") == 69
    water = next(one for one in found if one["properties"]["kind"] == "water")
    assert water["properties"]["name"] == "Wupper"
    assert len(water["geometry"]["coordinates"]) > 20


@pytest.mark.parametrize(
    "query, status, word",
    [
        ("zeit=gestern", 400, "„gestern“ ist kein Zeitpunkt"),
        ("zeit=2099-01-01T00:00Z", 400, "liegt in der Zukunft"),
        ("zeit=1850-01-01T00:00Z", 400, "ist kein Zeitpunkt"),
        ("mitte=da", 400, "ist kein Ort"),
        ("mitte=1,2,3", 400, "ist kein Ort"),
        ("zoom=nah", 400, "ist keine Zoomstufe"),
        ("zoom=nan", 400, "ist keine Zoomstufe"),
        ("seite=-1", 400, "ist keine Seitenzahl"),
        ("seite=7", 404, "Die Liste hat 1 Seiten"),
        ("ebene=Einhorn", 404, "Eine Ebene „Einhorn“ gibt es nicht"),
        ("bezirk=99", 404, "Einen Stadtbezirk „99“ gibt es nicht"),
    ],
)
async def test_odd_choices_are_told_with_the_right_status(here: Site, query: str, status: int, word: str) -> None:
    assert word in await here.text(f"{PAGE}?{query}", status)
    if "seite" not in query:
        name = query.partition("=")[0]
        answer = await here.get(f"{PAGE}/punkte.json?{query}")
        assert answer.status_code == (200 if name in {"mitte", "zoom"} else status)


async def test_a_permalink_keeps_all_that_is_chosen(here: Site) -> None:
    query = f"ebene=School,luft&text=s&zeit={time_text(LATEST)}&mitte=7.2000,51.2700&zoom=13"
    answer = await here.get(f"{PAGE}?{query}")
    assert answer.status_code == 200, answer.text
    text = html.unescape(answer.text)
    kept = parse_qs(urlsplit(found(r'href="([^"]+)">Diese Auswahl', text)).query)
    assert kept == {name: [value[0]] for name, value in parse_qs(query).items()} | {"ebene": ["School,luft"]}
    assert 'data-centre="7.2,51.27" data-zoom="13.0"' in text
    assert found(r'hreflang="en" href="([^"]+)"', text).startswith("/en/map?ebene=School%2Cluft")


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, pattern
    return match[1]


async def test_a_city_without_parts_has_no_map(tmp_path: Path) -> None:
    profile = tmp_path / "stadt" / "profile.toml"
    profile.parent.mkdir()
    profile.write_text(
        '[city]\nkey = "dorf"\nname = "Dorf"\nags = "05124001"\nars = "051240010000"\n', encoding="utf-8"
    )
    async with site(tmp_path / "data", str(profile.parent)) as here:
        assert (await here.get(PAGE)).status_code == 404
        assert "Karte" not in (await here.text("/de"))


# --- the operator's tiles ---------------------------------------------------------------------------------------------


def put(here: Site, content: bytes) -> None:
    here.city.official.mkdir(parents=True, exist_ok=True)
    (here.city.official / FILE).write_bytes(content)


async def test_tiles_of_the_operator_are_served_in_ranges_with_their_credit(here: Site) -> None:
    content = pmtiles({"attribution": '<a href="#">&copy; Landkarte</a>', "vector_layers": [{"id": "water"}]})
    put(here, content)
    page = (await here.get(PAGE)).text
    assert '<p class="map-credit">© Landkarte</p>' in page
    assert 'data-tile-layers="water"' in page
    assert 'data-tile-kind="vector"' in page
    answer = await here.get(f"{PAGE}/kacheln.pmtiles", range="bytes=0-126")
    assert answer.status_code == 206
    assert answer.content == content[:127]
    assert answer.headers["content-range"] == f"bytes 0-126/{len(content)}"
    assert (await here.get(f"{PAGE}/kacheln.pmtiles", range="bytes=9999999-")).status_code == 416
    assert (await here.get(f"{PAGE}/kacheln.pmtiles")).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PMTiles\x02" + bytes(200),
        pmtiles({}),
        pmtiles({"attribution": "x"}, kind=9),
        pmtiles({"attribution": "x"}, packing=4),
        pmtiles({"attribution": "x"})[:130],
    ],
)
async def test_tiles_that_cannot_be_used_are_not_shown(here: Site, content: bytes) -> None:
    put(here, content)
    page = await here.get(PAGE)
    assert page.status_code == 200
    assert "data-tiles" not in page.text
    assert (await here.get(f"{PAGE}/kacheln.pmtiles", range="bytes=0-1")).status_code == 404


@given(
    layers=st.none() | st.frozensets(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True), max_size=5),
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=80),
    centre=st.none() | st.tuples(st.integers(-1_800_000, 1_800_000), st.integers(-850_000, 850_000)),
    zoom=st.none() | st.integers(5, 19),
    minutes=st.none() | st.integers(0, 10_000_000),
)
def test_an_address_says_all_of_a_choice(
    layers: frozenset[str] | None,
    text: str,
    centre: tuple[int, int] | None,
    zoom: int | None,
    minutes: int | None,
) -> None:
    if text and layers is None:
        layers = frozenset({"wasser"})  # a form that names a text names its layers, too
    choice = Choice(
        layers=layers,
        text=text,
        at=None if minutes is None else Instant(NOW // 60_000_000 * 60_000_000 - minutes * 60_000_000),
        centre=None if centre is None else (centre[0] / 10_000, centre[1] / 10_000),
        zoom=None if zoom is None else float(zoom),
    )
    assert Choice.of(choice.fields(), NOW, catalogue("de")) == choice


async def test_others_are_answered_while_a_large_map_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may, begun = threading.Event(), threading.Event()
    read = Gathering.stock

    def takes_long(gathering: Gathering) -> Stock:
        begun.set()
        assert may.wait(10)
        return read(gathering)

    monkeypatch.setattr(Gathering, "stock", takes_long)
    async with site(tmp_path) as here:
        await here.observe([100.0])
        asked = [asyncio.create_task(here.get("/de/karte")) for _ in range(3)]
        assert await asyncio.to_thread(begun.wait, 10)
        assert (await here.get("/de")).status_code == 200
        assert not any(task.done() for task in asked)
        may.set()
        assert [(await task).status_code for task in asked] == [200] * 3


async def test_a_map_says_how_much_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talwerk.portal.map.stock.FEATURES_MAX", 2)
    async with site(tmp_path) as here:
        for number in range(5):
            await here.observe([10.0 + number], f"urn:ngsi-ld:NoiseLevelObserved:n{number}", "LAeq", unit="P1")
        assert "3 weitere Dinge der Stadt haben auf der Karte keinen Platz." in await here.text("/de/karte")
