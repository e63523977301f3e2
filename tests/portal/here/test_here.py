"""Mein Ort: from what somebody types to one page that says what is known of the place."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from justhtml import JustHTML

from talwerk import cities
from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.terms import LOCATION, expand
from talwerk.services.indicators.duty import Indicators
from talwerk.services.indicators.evidence import Ground
from talwerk.services.places import FILE, House, Register, folded
from tests.portal.workbench import BRIDGE, Site, plain, site

CENTRE = (7.149, 51.2566)
LAYER = Provenance(source="schulen", licence="CC-BY-4.0", attribution="Stadt")


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def settle(city: Site, *streets: str, quarter: str = "", count: int = 20, made_up: bool = False) -> None:
    """Give the city these streets, with their houses along the river."""
    folder = city.city.official
    folder.mkdir(parents=True, exist_ok=True)
    houses = [
        House(
            street=street,
            number=n,
            suffix="",
            postcode="42103",
            longitude=CENTRE[0] + n / 1e5,
            latitude=CENTRE[1],
            quarter=quarter,
        )
        for street in streets
        for n in range(1, count + 1)
    ]
    Register.build(houses, simulated=made_up).save(folder / FILE)


async def ask(city: Site, text: str, path: str = "/de/mein-ort", **fields: str) -> httpx2.Response:
    return await city.visitor.post(path, data={"ort": text, **fields}, headers={"accept": "text/html"})


async def told(city: Site, text: str, **fields: str) -> str:
    """What a person reads as answer."""
    answer = await ask(city, text, **fields)
    assert answer.status_code == 200, answer.text
    JustHTML(answer.text, strict=True, sanitize=False)
    return plain(answer.text)


async def put(city: Site, kind: str, name: str, place: tuple[float, float], **statements: object) -> None:
    """Put a thing somewhere."""
    said: Attributes = {
        expand("name"): (Attribute(kind=Kind.PROPERTY, value=name),),
        LOCATION: (Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": list(place)}),),
    }
    said |= {expand(key): (Attribute(kind=Kind.PROPERTY, value=value),) for key, value in statements.items()}
    entity = Entity(id=f"urn:ngsi-ld:{kind}:{folded(name)}", types=(expand(kind),), attributes=said)
    await city.write(Change(mode=Mode.UPDATE, entity=entity, provenance=LAYER))


async def warn(city: Site, key: str, headline: str, severity: str, start: str, end: str) -> None:
    """Let the weather service, which has just been asked, warn."""
    said: Attributes = {
        expand(name): (Attribute(kind=Kind.PROPERTY, value=value),)
        for name, value in {"severity": severity, "validFrom": start, "validTo": end}.items()
    }
    said[expand("headline")] = (Attribute(kind=Kind.LANGUAGE_PROPERTY, value={"de": headline, "en": "Warning"}),)
    alert = f"urn:ngsi-ld:WeatherAlert:05124000:dwd-warnungen:{key}"
    await city.write(
        Change(mode=Mode.UPDATE, entity=Entity(id=alert, types=(expand("WeatherAlert"),), attributes=said))
    )
    await watch(city)


async def watch(city: Site) -> None:
    """Let the weather service have been asked two minutes ago."""
    answered = Attribute(kind=Kind.PROPERTY, value="2026-11-20T12:05:00Z")
    source = Entity(
        id="urn:ngsi-ld:DataSource:05124000:talwerk:dwd-warnungen",
        types=(expand("DataSource"),),
        attributes={expand("lastAnswered"): (answered,)},
    )
    await city.write(Change(mode=Mode.UPDATE, entity=source))
    city.clock.pass_s(2)


async def test_the_way_in_names_every_part_of_the_city(city: Site) -> None:
    page = (await city.get("/de/mein-ort")).text
    assert page.count('href="/de/mein-ort/') == 79
    assert 'aria-current="page">Mein Ort' in page
    text = plain(page)
    assert "Ihre Eingabe wird für diese Antwort benutzt, nicht gespeichert und nicht protokolliert." in text
    assert "Die Adressen der Stadt sind noch nicht geladen." in text


async def test_an_address_answers_with_its_river_and_what_is_near(city: Site) -> None:
    settle(city, "Kirchstraße")
    await city.observe([100.0, 104.0], BRIDGE)
    await put(city, "School", "Schule am Bach", (CENTRE[0] + 0.003, CENTRE[1]))
    await put(city, "PointOfInterest", "Brunnen am Markt", CENTRE, category="drinkingFountain")
    text = await told(city, "kirchstr 7")
    assert "Kirchstraße 7" in text
    assert "Quartier Elberfeld-Mitte, Stadtbezirk Elberfeld." in text
    assert "Das Quartier ist geschätzt" in text
    assert "Der Pegel Kluserbrücke meldet 104 cm: normal." in text
    assert "Schule am Bach 200 m Schule, Stadt Wuppertal, Stand 13:07 Uhr" in text
    assert "Brunnen am Markt 10 m Trinkbrunnen" in text
    assert "Keine Daten im Umkreis von 4 km: Kita, Ladestation, Carsharing, Lebensmittel." in text


async def test_an_address_is_nowhere_afterwards(
    city: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    settle(city, "Kirchstraße")
    caplog.set_level(logging.DEBUG)
    secret = "Zzyzxweg 4711"
    answers = [
        await ask(city, secret),
        await ask(city, secret, "/de/ort-vorschlaege"),
        await ask(city, secret * 500),
        await ask(city, secret, "/de/mein-ort/00"),
        await city.visitor.post("/de/mein-ort", json={"ort": secret}, headers={"accept": "text/html"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 413, 405, 415]
    assert secret in answers[0].text
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert secret not in (await city.get("/de/mein-ort")).text
    assert secret not in (await city.get("/metrics")).text
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]  # noqa: ASYNC240
    assert files
    assert not [path for path in files if b"zzyzx" in path.read_bytes().lower()]
    out = capfd.readouterr()
    assert "zzyzx" not in (caplog.text + out.out + out.err).lower()


async def test_a_quarter_leads_to_a_page_that_can_be_passed_on(city: Site) -> None:
    answer = await ask(city, "Sonnborn")
    assert (answer.status_code, answer.headers["location"]) == (303, "/de/mein-ort/10")
    assert answer.headers["cache-control"] == "no-store"


async def test_errors_in_a_name_are_forgiven(city: Site) -> None:
    settle(city, "Kirchstraße", "Ankerweg")
    assert "Kirchstraße 3" in await told(city, "Kichstrase 3")
    assert (await ask(city, "Vowinkel Mitte")).headers["location"] == "/de/mein-ort/30"


async def test_a_house_that_is_not_there_says_which_one_is_shown(city: Site) -> None:
    settle(city, "Kirchstraße")
    text = await told(city, "Kirchstraße 99 B")
    assert "Die Hausnummer 99b kennen wir nicht. Das ist die nächste." in text
    assert "Ohne Hausnummer zeigen wir die Mitte der Straße." in await told(city, "Kirchstraße")


async def test_several_places_of_one_name_are_choices(city: Site) -> None:
    settle(city, "Höhe", "Kirchstraße", "Kirchweg")
    answer = await ask(city, "Höhe")
    assert "Was meinen Sie mit „Höhe“?" in plain(answer.text)
    assert 'href="/de/mein-ort/37">Höhe</a>' in answer.text
    # The street is sent once more, and is a street then.
    assert "Ohne Hausnummer" in await told(city, "Höhe, 42103", strasse="1")
    assert "Kirchstraße" in (several := await told(city, "Kirch"))
    assert "Kirchweg" in several


async def test_nothing_found_is_a_way_on(city: Site) -> None:
    settle(city, "Kirchstraße")
    answer = await ask(city, "Xylophonallee <b>12</b>")
    assert "<b>12" not in answer.text
    text = plain(answer.text)
    assert "Dazu haben wir nichts gefunden: „Xylophonallee" in text
    assert "Alle Stadtbezirke und Quartiere" in text
    assert "mindestens drei Zeichen" in await told(city, "x")


async def test_where_streets_are_made_up_a_real_one_is_answered_with_some_that_there_are(city: Site) -> None:
    quarters = ("Barmen-Mitte", "Beyenburg-Mitte", "Cronenberg-Mitte", "Nordstadt", "Vohwinkel-Mitte")
    settle(city, *(f"Musterstraße {quarter}" for quarter in quarters), made_up=True)
    page = JustHTML((await ask(city, "Neumarkt 10")).text, sanitize=False)
    text = page.to_text()
    assert "Dazu haben wir nichts gefunden: „Neumarkt 10“." in text
    assert "In dieser Vorführung gibt es nur erfundene Straßen, zum Beispiel diese." in text
    assert "Schreibweise" not in text
    (entry,) = page.query("input#ort")
    examples = [str((button.attrs or {})["value"]) for button in page.query("ul.choices button")]
    assert (entry.attrs or {})["placeholder"] == "z. B. Musterstraße Cronenberg-Mitte 11"
    assert len(examples) == 3
    for example in examples:
        assert example.split(",")[0] in await told(city, example, strasse="1")
    english = (await ask(city, "Neumarkt 10", "/en/my-place")).text
    assert "There are only made-up streets in this demonstration, for example these." in english


async def test_a_city_without_streets_says_so(city: Site) -> None:
    text = await told(city, "Kirchstraße 7")
    assert (
        "Straßen sind hier noch nicht hinterlegt. Ein Quartier oder einen Stadtbezirk dieses Namens gibt es nicht."
        in text
    )


async def test_suggestions_are_sent_for(city: Site) -> None:
    settle(city, "Kirchstraße", "Kirchweg")
    answer = await ask(city, "Kirch", "/de/ort-vorschlaege")
    assert answer.text.count('role="option"') == 2
    assert 'role="option"' not in (await ask(city, "Ki", "/de/ort-vorschlaege")).text
    assert (await city.get("/de/ort-vorschlaege")).headers["location"] == "/de/mein-ort"


async def test_an_unknown_quarter_is_a_helpful_page(city: Site) -> None:
    text = await city.text("/de/mein-ort/99", 404)
    assert "Ein Quartier mit dem Schlüssel „99“ kennen wir nicht." in text
    assert "Hier geht es weiter Alle Stadtbezirke und Quartiere" in text


async def test_a_quarter_that_is_hardly_known_shows_its_borough(city: Site) -> None:
    assert "kennen wir weniger als drei Werte" in await city.text("/de/mein-ort/00")
    await city.observe([104.0], BRIDGE)
    await put(city, "School", "Schule", CENTRE)
    await put(city, "EVChargingStation", "Säule", CENTRE)
    city.clock.pass_s(2)
    text = await city.text("/de/mein-ort/00")
    assert "weniger als drei Werte" not in text
    assert "Luftlinie von der Mitte des Quartiers" in text


async def test_other_sites_cannot_send_the_form(city: Site) -> None:
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        answer = await city.visitor.post("/de/mein-ort", data={"ort": "Sonnborn"}, headers=headers)
        assert answer.status_code == 403
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin", "accept": "text/html"}
    assert (await city.visitor.post("/de/mein-ort", data={"ort": "Sonnborn"}, headers=own)).status_code == 303
    # Without this a browser would not name its origin, and the guard would refuse the city's own form.
    assert (await city.get("/de/mein-ort")).headers["referrer-policy"] == "same-origin"


async def test_two_quarters_stand_side_by_side(city: Site) -> None:
    await city.observe([104.0], BRIDGE)
    for name, place in (("Schule", CENTRE), ("Schule am See", (7.2990, 51.2490))):
        await put(city, "School", name, place)
        await put(city, "EVChargingStation", name, place)
        await put(city, "Kindergarten", name, place)
    city.clock.pass_s(2)
    form = (await city.get("/de/quartiervergleich")).text
    assert form.count("<option value=") == 2 * 70
    assert '<form class="card ask pair" method="get"' in form
    text = await city.text("/de/quartiervergleich?a=00&b=87")
    assert "Elberfeld-Mitte und Beyenburg-Mitte" in text
    assert "Pegel jetzt Kluserbrücke 104 cm keine Daten" in text
    assert "Schule, Entfernung 10 m 110 m" in text
    assert "zweimal dasselbe Quartier" in await city.text("/de/quartiervergleich?a=00&b=00")
    assert "kennen wir nicht" in await city.text("/de/quartiervergleich?a=00&b=xyz", 404)
    # Neither the other fields of the query nor one quarter alone make a comparison.
    assert "Pegel jetzt" not in await city.text("/de/quartiervergleich?a=00&c=87")


async def test_the_sheet_names_numbers_and_gauge(city: Site) -> None:
    await city.observe([104.0], BRIDGE)
    await put(city, "School", "Schule", CENTRE)
    await put(city, "Kindergarten", "Kita", CENTRE)
    settle(city, "Kirchstraße")
    city.clock.pass_s(2)
    for text in (
        await city.text("/de/notfallblatt/00"),
        plain((await ask(city, "Kirchstraße 7, 42103", "/de/notfallblatt")).text),
    ):
        assert "112 Feuerwehr und Rettungsdienst" in text
        assert "Kluserbrücke. Stufen 1 / 2 / 3 über 126 / 212 / 253 cm. Am 20.11.2026, 13:00 Uhr: 104 cm." in text
    assert "Kirchstraße 7" in text
    assert (await ask(city, "Xylophonallee 1", "/de/notfallblatt")).headers["location"] == "/de/mein-ort"
    assert (await city.get("/de/notfallblatt")).headers["location"] == "/de/mein-ort"


async def test_no_warning_is_told_only_by_who_knows(city: Site) -> None:
    assert "Ob hier eine Warnung gilt, wissen wir gerade nicht." in await city.text("/de/mein-ort/8")
    await watch(city)
    text = await city.text("/de/mein-ort/8")
    assert "Keine Warnung für diesen Ort." in text
    assert "Amtliche Warnungen für das ganze Stadtgebiet, abgefragt vor 2 min." in text


async def test_warnings_in_force_come_first(city: Site) -> None:
    await warn(city, "sturm", "Warnung vor Sturm", "severe", "2026-11-20T10:00:00Z", "2026-11-20T18:00:00Z")
    await warn(city, "frost", "Warnung vor Frost", "minor", "2026-11-20T22:00:00Z", "2026-11-21T08:00:00Z")
    await warn(city, "alt", "Warnung von gestern", "extreme", "2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z")
    text = await city.text("/de/mein-ort/8")
    assert "Hier gilt: Warnung vor Sturm." in text
    assert "Amtliche Warnung · große Gefahr Warnung vor Sturm Gilt bis 19:00 Uhr." in text
    assert "Warnung vor Frost Gilt ab 23:00 Uhr bis 21.11.2026, 9:00 Uhr." in text
    assert "Warnung von gestern" not in text
    assert "Simulation" not in text


async def test_a_simulated_warning_never_stands_without_that_word(city: Site) -> None:
    await city.observe([104.0], BRIDGE, provenance=Provenance(source="zwilling", cadence_s=900, simulated=True))
    await warn(city, "sturm", "Warnung vor Sturm", "severe", "2026-11-20T10:00:00Z", "2026-11-20T18:00:00Z")
    text = await city.text("/de/mein-ort/8")
    assert "Hier gilt: Warnung vor Sturm. Simulation" in text
    assert "Simulation · Amtliche Warnung · große Gefahr" in text
    assert "Beispieldaten, nicht gemessen. Notfallblatt" in await city.text("/de/notfallblatt/8")


async def test_a_quarter_stands_beside_its_city(city: Site) -> None:
    """With official boundaries and addresses, and never with fewer than ten of these."""
    folder = city.city.official
    folder.mkdir(parents=True)
    west, south, east, north = 7.13, 51.25, 7.17, 51.26
    square = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    feature = {
        "type": "Feature",
        "properties": {"QUARTIER": "00"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    (folder / "quarters.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    await put(city, "School", "Grundschule", CENTRE, category="Grundschule")
    await put(city, "EVChargingStation", "Säule", CENTRE, capacity=2)
    await put(city, "EVChargingStation", "Säule weit weg", (7.2, 51.27), capacity=40)
    settle(city, "Kirchstraße", quarter="00", count=9)
    city.clock.pass_s(2)
    assert "Das Quartier neben der Stadt" not in await city.text("/de/mein-ort/00")
    settle(city, "Kirchstraße", quarter="00", count=20)
    scope = city.city.system_scope("indicators")
    ground = Ground(profile=city.city.profile, territory=cities.territory("wuppertal"), addresses=folder / FILE)
    await Indicators(city.city.themes, ground, city.city.broker, scope, clock=city.clock).round()
    city.clock.pass_s(60)
    text = await city.text("/de/mein-ort/00")
    assert "Grundschule in 15 Minuten zu Fuß Schulen, Adressen der Stadt, 20.11.2026 100 % 100 %" in text
    # Of both stations only one lies in the quarter.
    assert "je 1.000 Adressen Schulen, Adressen der Stadt, 20.11.2026 100,0 2.100,0" in text
    assert "geschätzt" not in text


async def test_a_city_of_boroughs_alone_compares_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, "solingen") as city:
        text = await city.text("/de/mein-ort")
        assert "Alle Stadtbezirke Gräfrath" in text
        assert "vergleichen" not in text
        await city.text("/de/quartiervergleich", 404)
        assert (await ask(city, "Graefrath")).headers["location"] == "/de/mein-ort/1"
        text = await city.text("/de/mein-ort/1")
        assert "Die Grenzen sind geschätzt" in text
        assert "Quartiere in" not in text
        assert "112 Feuerwehr und Rettungsdienst" in await city.text("/de/notfallblatt/1")
