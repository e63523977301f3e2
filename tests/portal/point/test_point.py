"""A measuring point as of any instant: cited, put right, embedded, gone; levels with their sources."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from justhtml import JustHTML

from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import DAY, HOUR, MINUTE
from talwerk.core.quality import Flag
from talwerk.core.terms import expand
from tests.portal.workbench import BRIDGE, DAM, HALF_HOURLY, LATEST, NOW, Site, plain, site

PAGE = "/de/messstelle/kluserbruecke"
OPEN = Provenance(source="wupperverband", attribution="Wupperverband", cadence_s=1_800, licence="DL-DE-ZERO-2.0")
STRANGER = "urn:ngsi-ld:WaterObserved:stranger:1"
STRANGE_PAGE = f"/de/messreihe?id={STRANGER}&groesse=height"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def linked(page: str, pattern: str) -> str:
    """The one address on a page that a pattern finds."""
    found = {html.unescape(one) for one in re.findall(rf'href="([^"]*{pattern}[^"]*)"', page)}
    assert len(found) == 1, found
    return found.pop()


async def test_what_is_cited_stays_as_it_was(here: Site) -> None:
    await here.observe([100.0, 101.0, 104.0], provenance=OPEN)
    now = (await here.get(PAGE)).text
    cite, told = linked(now, "stand="), plain(now)
    assert (
        "Wupperverband: Wasserstand, Pegel Kluserbrücke, 104 cm (20.11.2026, 13:00 Uhr). Talwerk Wuppertal, "
        in plain(now)
    )
    assert "Stand 20.11.2026, 13:07 Uhr. Lizenz: DL-DE-ZERO-2.0." in plain(now)
    here.clock.pass_s(3_600)
    await here.observe([999.0, 140.0], last=LATEST + HOUR // 2, provenance=OPEN)
    told = await here.text(PAGE)
    assert "Informationsstufe 1" in told
    assert "13:00 Uhr: 104 cm berichtigt zu 999 cm. Bekannt seit 20.11.2026, 14:07 Uhr." in told
    cited = await here.get(cite)
    told = plain(cited.text)
    assert "Sie sehen den Stand vom 20.11.2026, 13:07 Uhr." in told
    assert "104 cm" in told
    assert "140 cm" not in told
    assert "999 cm" not in told
    assert "vor 7 min" in told
    assert "berichtigt zu" not in told
    assert '<meta name="robots" content="noindex">' in cited.text
    # The downloads and the other periods are of the same stand.
    table = (await here.visitor.get(linked(cited.text, r"\.csv"))).text
    assert [row["value"] for row in csv.DictReader(table.splitlines())] == ["100.0", "101.0", "104.0"]
    for span in ("7d", "30d", "all"):
        told = await here.text(linked(cited.text, f"zeitraum={span}"))
        assert "Höchster 104 cm" in told
    assert f'href="{PAGE}"' in cited.text


async def test_sums_of_an_earlier_stand_are_those_of_its_values(here: Site) -> None:
    values = [float(index % 50) for index in range(48 * 40)]
    await here.observe(values, provenance=OPEN)
    before = plain((await here.get(f"{PAGE}?zeitraum=all")).text)
    stand = "2026-11-20T13:07"
    here.clock.pass_s(60)
    await here.observe([500.0] * 100, last=LATEST - 20 * DAY, provenance=OPEN)
    assert "Höchster 500 cm" in await here.text(f"{PAGE}?zeitraum=all")
    told = await here.text(f"{PAGE}?zeitraum=all&stand={stand}")
    for word in ("Höchster", "Niedrigster", "Mittel"):
        (figure,) = re.findall(rf"{word} \S+ cm", before)
        assert figure in told
    assert "100 Werte berichtigt" in await here.text(f"{PAGE}?zeitraum=all")


async def test_before_the_first_value_nothing_was_known(here: Site) -> None:
    await here.observe([100.0], provenance=OPEN)
    told = await here.text(f"{PAGE}?stand=2026-11-20T13:06")
    assert "noch kein Wert" in told
    assert "100 cm" not in told


@pytest.mark.parametrize(
    "stand, words",
    [
        ("gestern", "Der Stand „gestern“ ist kein Zeitpunkt."),
        ("2026-11-20T13:08", "Dieser Stand liegt in der Zukunft."),
        ("9999-12-31T23:59", "Dieser Stand liegt in der Zukunft."),
        ("0001-01-01T00:00", "ist kein Zeitpunkt"),
        ("2026-13-40T25:61:00Z", "ist kein Zeitpunkt"),
        ("x" * 500, "ist kein Zeitpunkt"),
    ],
)
async def test_odd_stands_are_answered_in_words(here: Site, stand: str, words: str) -> None:
    await here.observe([100.0])
    answer = await here.get(f"{PAGE}?stand={stand}")
    assert answer.status_code == 400
    assert words in plain(answer.text)


@pytest.mark.parametrize(
    "second, flags, words",
    [
        (105.0, (Flag.NOT_EVALUATED, Flag.PASS), "13:00 Uhr: 104 cm berichtigt zu 105 cm."),
        (104.0, (Flag.PASS, Flag.SUSPECT), "104 cm war „geprüft“ und gilt jetzt als „auffällig“."),
        (104.2, (Flag.PASS, Flag.PASS), "104 cm um weniger als eine Anzeigestelle berichtigt."),
    ],
)
async def test_what_was_put_right_is_told(here: Site, second: float, flags: tuple[Flag, Flag], words: str) -> None:
    await here.observe([104.0], flags=flags[:1])
    here.clock.pass_s(60)
    await here.observe([second], flags=flags[1:])
    assert words in await here.text(PAGE)


async def test_who_puts_a_value_right_says_why(here: Site) -> None:
    (at,) = await here.observe([999.0])
    here.clock.pass_s(60)
    why: Attributes = {expand("reason"): (Attribute(kind=Kind.PROPERTY, value="Eis <am> Sensor\n" + "x" * 300),)}
    right = Attribute(kind=Kind.PROPERTY, value=104.0, observed=at, unit="CMT", subattributes=why)
    height: Attributes = {expand("height"): (right,)}
    entity = Entity(id=BRIDGE, types=(expand("WaterObserved"),), attributes=height)
    await here.write(Change(mode=Mode.OBSERVE, entity=entity, provenance=HALF_HOURLY))
    told = await here.text(PAGE)
    assert "13:00 Uhr: 999 cm berichtigt zu 104 cm. Bekannt seit 20.11.2026, 13:08 Uhr. Aus der Quelle. " in told
    assert "Grund: Eis <am> Sensor x" in told
    assert "x" * 201 not in told


async def test_many_corrections_at_once_are_one_sentence(here: Site) -> None:
    await here.observe([1.0, 2.0, 3.0, 4.0])
    here.clock.pass_s(60)
    await here.observe([11.0, 12.0, 13.0, 14.0])
    told = await here.text(PAGE)
    assert "20.11.2026, 11:30 Uhr bis 20.11.2026, 13:00 Uhr: 4 Werte berichtigt." in told
    assert "Aus der Quelle." in told


async def test_levels_name_their_source(here: Site) -> None:
    await here.observe([104.0])
    assert "nach dem Wupperverband, 2023-12" in await here.text(PAGE)


@pytest.mark.parametrize("unit, shown", [("CMT", True), ("MTR", False)])
async def test_levels_that_a_source_states_are_told_as_its_own(here: Site, unit: str, shown: bool) -> None:
    await here.observe([104.0], STRANGER)
    by = Attribute(kind=Kind.PROPERTY, value="Landesamt")
    levels = Attribute(kind=Kind.PROPERTY, value=[120, 180.5], unit=unit, subattributes={expand("statedBy"): (by,)})
    attributes: Attributes = {expand("informationLevels"): (levels,)}
    entity = Entity(id=STRANGER, types=(expand("WaterObserved"),), attributes=attributes)
    await here.write(Change(mode=Mode.UPDATE, entity=entity))
    told = await here.text(STRANGE_PAGE)
    assert ("Stufen der Quelle Stufe 1 über 120 cm Stufe 2 über 181 cm So nennt sie Landesamt." in told) == shown
    # They are words: the city has set none, and no state follows from them.
    assert "ohne Stufen" in told


async def test_a_page_for_other_sites_may_be_framed_and_sets_nothing(here: Site) -> None:
    await here.observe([100.0, 104.0], provenance=OPEN)
    page = (await here.get(PAGE)).text
    answer = await here.get(linked(page, "einbetten/"))
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "'unsafe" not in policy
    assert "set-cookie" not in answer.headers
    JustHTML(answer.text, strict=True, sanitize=False)
    told = plain(answer.text)
    assert "Pegel Kluserbrücke" in told
    assert "104 cm" in told
    assert "Wupperverband · DL-DE-ZERO-2.0" in told
    # Everywhere else nobody may do so.
    assert "frame-ancestors 'none'" in (await here.get(PAGE)).headers["content-security-policy"]


@pytest.mark.parametrize("licence", ["unknown", "restricted", "CC-BY-NC-4.0"])
async def test_terms_that_do_not_allow_it_forbid_embedding(here: Site, licence: str) -> None:
    await here.observe([104.0], provenance=Provenance(source="a", licence=licence, cadence_s=1_800))
    assert "Einbetten ist hier nicht möglich" in await here.text(PAGE)
    assert "darf nicht auf anderen Seiten gezeigt werden" in await here.text("/de/einbetten/kluserbruecke", 403)


async def test_a_series_without_a_name_of_its_own_is_embedded_by_its_id(here: Site) -> None:
    await here.observe([7.0], STRANGER, provenance=OPEN)
    page = (await here.get(STRANGE_PAGE)).text
    assert "7 cm" in await here.text(linked(page, "einbetten"))


async def test_a_vanished_measuring_point_leads_to_others(here: Site) -> None:
    await here.observe([104.0])
    await here.observe([7.0], STRANGER)
    assert "7 cm" in await here.text(STRANGE_PAGE)
    await here.write(Change(mode=Mode.DELETE, entity=Entity(id=STRANGER, types=())))
    gone = await here.get(STRANGE_PAGE)
    assert gone.status_code == 410
    told = plain(gone.text)
    assert "gibt es seit dem 20.11.2026 nicht mehr" in told
    assert f'href="{PAGE}"' in gone.text
    assert 'href="/de/messstellen"' in gone.text


async def lies(here: Site, entity: str, longitude: float) -> None:
    """Say where something is; 0.01 degrees are about 700 m here."""
    place = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [longitude, 51.25]})
    attributes: Attributes = {expand("location"): (place,)}
    type_ = expand(entity.split(":")[2])
    await here.write(Change(mode=Mode.UPDATE, entity=Entity(id=entity, types=(type_,), attributes=attributes)))


async def test_a_vanished_measuring_point_leads_to_the_nearest_of_its_kind(here: Site) -> None:
    for number, longitude in enumerate((7.30, 7.20, 7.15, 7.16)):
        entity = f"urn:ngsi-ld:WaterObserved:s:{number}"
        await here.observe([7.0], entity)
        await here.name(entity, f"Bach {number}")
        await lies(here, entity, longitude)
    await here.observe([20.5], "urn:ngsi-ld:Device:s:9", "temperature", unit="CEL")
    await lies(here, "urn:ngsi-ld:Device:s:9", 7.15)
    await here.write(Change(mode=Mode.DELETE, entity=Entity(id="urn:ngsi-ld:WaterObserved:s:2", types=())))
    answer = await here.get("/de/messreihe?id=urn:ngsi-ld:WaterObserved:s:2&groesse=height")
    assert answer.status_code == 410
    assert "Die Messstelle „Bach 2“ gibt es seit dem 20.11.2026 nicht mehr." in plain(answer.text)
    offered = re.findall(r"<li><a [^>]*>([^<]*entfernt)</a>", html.unescape(answer.text).replace("\u00a0", " "))
    assert offered == [
        "Wasserstand, Bach 3, 700 m entfernt",
        "Wasserstand, Bach 1, 3,5 km entfernt",
        "Wasserstand, Bach 0, 10,5 km entfernt",
    ]


async def test_a_point_of_the_city_s_own_that_was_deleted_leads_to_the_nearest(here: Site) -> None:
    await here.observe([104.0])
    await lies(here, BRIDGE, 7.15)
    await here.observe([300.0], DAM)
    await lies(here, DAM, 7.17)
    await here.write(Change(mode=Mode.DELETE, entity=Entity(id=BRIDGE, types=())))
    gone = await here.text(PAGE, 410)
    assert "Die Messstelle „Kluserbrücke“ gibt es seit dem 20.11.2026 nicht mehr." in gone
    assert "1,4 km entfernt" in gone


async def test_a_misspelt_name_leads_to_the_one_that_was_meant(here: Site) -> None:
    await here.observe([104.0])
    answer = await here.get("/de/messstelle/kluserbrucke")
    assert answer.status_code == 404
    assert f'<a href="{PAGE}">Wasserstand, Kluserbrücke</a>' in answer.text


async def test_the_list_is_searched_by_words_quantity_and_state(here: Site) -> None:
    await here.observe([140.0])
    await here.observe([7.0], STRANGER, last=NOW - DAY)
    await here.name(STRANGER, "Alter Brunnen")
    await here.observe([9.5], STRANGER, "temperature", unit="CEL")
    assert "3 Messreihen." in await here.text("/de/messstellen")

    async def found(query: str) -> list[str]:
        page = (await here.get(f"/de/messstellen?{query}")).text
        return re.findall(r'<a href="[^"]*" aria-label="([^"]*)"', page)

    assert await found("suche=klus") == ["Wasserstand, Kluserbrücke"]
    assert await found("suche=brunnen+TEMP") == ["Temperatur, Alter Brunnen"]
    assert await found("groesse=temperature") == ["Temperatur, Alter Brunnen"]
    assert await found("zustand=silent") == ["Wasserstand, Alter Brunnen"]
    assert await found("zustand=raised") == ["Wasserstand, Kluserbrücke"]
    assert len(await found("zustand=fresh")) == 2
    assert await found("suche=nirgends") == []
    told = await here.text("/de/messstellen?suche=brunnen")
    assert "2 Messreihen passen dazu." in told
    assert "Dazu passt keine Messreihe." in await here.text("/de/messstellen?suche=nirgends")
    assert "Der Suchtext ist zu lang." in await here.text("/de/messstellen?suche=" + "x" * 81, 400)
    assert "kennt diese Liste nicht" in await here.text("/de/messstellen?zustand=schlecht", 400)


async def test_a_long_list_keeps_what_was_chosen_from_page_to_page(here: Site) -> None:
    for number in range(130):
        await here.observe([float(number)], f"urn:ngsi-ld:WaterObserved:s:{number:03}", provenance=OPEN)
    answer = await here.get("/de/messstellen?groesse=height")
    follow = linked(answer.text, "seite=2")
    assert "groesse=height" in follow
    second = await here.text(follow)
    assert "Seite 2 von 2" in second
    assert "130 Messreihen passen dazu." in second
    assert "Die Liste hat keine Seite 3." in await here.text("/de/messstellen?groesse=height&seite=3", 404)


async def test_the_table_can_be_had_as_a_whole(here: Site) -> None:
    await here.observe([float(index) for index in range(60)], step=10 * MINUTE)
    page = (await here.get(PAGE)).text
    assert "Die jüngsten 48 von 60 Werten" in plain(page)
    whole = await here.get(linked(page, "tabelle="))
    assert "Alle 60 Werte" in plain(whole.text)
    assert whole.text.count('<th scope="row">') == 60
    assert "Mehr Werte zeigen" not in whole.text


async def test_a_page_names_whom_it_shows_and_what_is_to_be_said(here: Site) -> None:
    await here.observe([130.0])
    page = (await here.get(PAGE)).text
    assert f'data-live-of="{quote(BRIDGE)}"' in page
    assert 'data-live-state="stage-1" data-live-say="Pegel Kluserbrücke: Informationsstufe 1, 130\u00a0cm."' in page
