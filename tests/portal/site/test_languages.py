"""Every page in every language, which language a visitor gets, and texts that nobody has checked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk import cities
from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.terms import expand
from talwerk.portal.frame.states import State
from talwerk.portal.site.addresses import Addresses
from talwerk.portal.site.languages import preferred
from talwerk.sdk.profile import Quantity
from talwerk.texts import EASY, Catalogue, catalogue
from tests.portal.workbench import DAM, RAIN, Site, site

SIMULATED = Provenance(source="wupperverband", attribution="Wupperverband", cadence_s=1_800, simulated=True)
UNCHECKED = "Diese Texte sind ungeprüft."
EASY_PAGES = ("/leicht", "/leicht/hilfe", "/leicht/messstelle/kluserbruecke")


@pytest.mark.parametrize(
    "accepted, language",
    [
        ("", "de"),
        ("en", "en"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr", "de"),
        ("fr,en;q=0.3", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
        ("de;q=0", "en"),
        ("de;q=0,*;q=0.1", "en"),
        ("*", "de"),
        ("en;q=nan", "de"),
        ("en;q=inf", "de"),
        ("en;q=7", "de"),
        ("en;q=", "en"),
        ("EN-us", "en"),
        ("leicht", "de"),
    ],
)
def test_the_browser_s_language_wins(accepted: str, language: str) -> None:
    assert preferred(accepted, ("de", "en", EASY)) == language


@given(st.text(max_size=400))
def test_any_header_gives_a_language_that_is_spoken(accepted: str) -> None:
    assert preferred(accepted, ("de", "en", EASY)) in {"de", "en"}


@given(st.sampled_from(["de", "en"]), st.integers(1, 1000), st.integers(1, 1000))
def test_the_greater_weight_wins(first: str, one: int, other: int) -> None:
    second = "en" if first == "de" else "de"
    header = f"{first};q={one / 1000:.3f}, {second};q={other / 1000:.3f}"
    wanted = "de" if one == other else first if one > other else second
    assert preferred(header, ("de", "en")) == wanted


async def test_the_first_address_leads_to_the_browser_s_language(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        answer = await one.get("/", **{"accept-language": "en;q=0.9"})
        assert (answer.status_code, answer.headers["location"]) == (307, "/en")
        assert "accept-language" in answer.headers["vary"].lower()


async def test_every_page_is_there_in_both_languages(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        seen = await pages_of(one, "/de")
        assert len(seen) > 20
        for path, answer in seen.items():
            other = alternates(answer.text)["en"]
            assert '<html lang="de"' in answer.text, path
            english = await one.get(other)
            assert english.status_code == 200, (path, other)
            assert '<html lang="en"' in english.text, other
            assert english.headers["content-language"] == "en"
            assert alternates(english.text)["de"] == path, other
            assert f'href="{path}"' in html.unescape(english.text), f"{other} has no switch"


async def test_an_error_speaks_the_language_of_its_address(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        assert "Diese Seite gibt es nicht." in await one.text("/de/gibt-es-nicht", 404)
        answer = await one.get("/en/does-not-exist")
        assert answer.status_code == 404
        assert "This page does not exist." in answer.text
        assert alternates(answer.text) == {"de": "/de"}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 415, 500, 503])
def test_every_error_has_words_and_a_next_step(status: int) -> None:
    for language in ("de", "en"):
        texts = catalogue(language)
        assert texts.text(f"error.{status}.title").endswith(".")
        assert texts.text(f"error.{status}.text").endswith(".")


async def test_what_nobody_has_checked_is_hidden_from_the_public(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        assert "leicht" not in (await one.get("/de")).text
        for path in (*EASY_PAGES, "/leicht/gibt-es-nicht"):
            told = await one.text(path, 404)
            assert catalogue("de").text("error.easy_hidden") in told
            assert "Stufe 1" not in told


async def test_the_operator_reads_what_nobody_has_checked(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        assert (await one.get("/leicht")).status_code == 404
        operator = {"authorization": f"Bearer {one.city.credentials.operator_token}"}
        told = await one.get("/leicht", **operator)
        assert told.status_code == 200
        assert UNCHECKED in told.text
        assert 'href="/leicht"' in (await one.get("/de", **operator)).text
        # What the operator saw is not given to the next who asks.
        assert (await one.get("/leicht")).status_code == 404
        assert "leicht" not in (await one.get("/de")).text


async def test_a_simulated_city_shows_them_and_says_that_they_are_unchecked(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        german = await one.get("/de")
        assert 'href="/leicht"' in german.text
        for path in EASY_PAGES:
            answer = await one.get(path)
            assert answer.status_code == 200, path
            assert '<html lang="de"' in answer.text
            assert UNCHECKED in answer.text, path
            assert set(alternates(answer.text)) == {"de", "en"}


async def test_checked_texts_are_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (("checked.on", "2026-11-20"), ("checked.by", "Prüfgruppe")):
        monkeypatch.setitem(catalogue(EASY).entries, key, value)
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        assert 'href="/leicht"' in (await one.get("/de")).text
        assert UNCHECKED not in await one.text("/leicht")


async def test_every_state_has_easy_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    text = Catalogue.text

    def noted(self: Catalogue, key: str, **fields: object) -> str:
        if self.language == EASY:
            asked.add(key)
        return text(self, key, **fields)

    monkeypatch.setattr(Catalogue, "text", noted)
    async with site(tmp_path) as one:
        await one.observe([90.0, 91.0], entity=RAIN, attribute="windSpeed", unit="KMH", provenance=SIMULATED)
        assert "Wir haben noch keine Zahlen." in await one.text("/leicht")
        await one.observe([100.0, 101.0], entity=DAM, provenance=SIMULATED)
        assert "Die Mess-Stellen melden Zahlen." in await one.text("/leicht")
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        assert "Das Wasser ist unter Stufe 1." in await one.text("/leicht")
        one.clock.pass_s(1_800)
        await one.observe([140.0, 260.0], last=one.clock.now(), provenance=SIMULATED)
        told = await one.text("/leicht")
        assert "Kluserbrücke: 260 Zenti-Meter. Das ist Stufe 3." in told
        assert "Bleiben Sie weg vom Wasser." in told
        assert "Die Zahl steigt" in await one.text("/leicht/messstelle/kluserbruecke")
        one.clock.pass_s(6 * 3_600)
        assert "Wir haben gerade keine neuen Zahlen." in await one.text("/leicht")
        assert "Die letzte Zahl" in await one.text("/leicht/messstelle/kluserbruecke")
        await one.text("/leicht/hilfe")
        await one.text("/leicht/messstelle/gibt-es-nicht", 404)
        assert (await one.visitor.post("/leicht/hilfe", headers={"accept": "text/html"})).status_code == 405
    assert asked <= set(catalogue(EASY).entries)
    families = ("error.", "age.", "unit.", "quantity.", "explained.", "state.", "warning.", "checked.", "time.doubled")
    # Shown in states that one city cannot be in at the same time, or by pages in other languages.
    rare = {"value.none", "banner.open_writes", "frame.write", "frame.language", "frame.language_short"}
    rare |= {"point.down", "point.flat", "point.period", "point.none"}
    rare |= {f"start.{name}.{form}" for name in ("silent", "calm_lead") for form in ("one", "other")}
    assert {key for key in catalogue(EASY).entries if not key.startswith(families)} - asked - rare == set()


def test_easy_words_are_there_for_whatever_profiles_measure() -> None:
    texts = catalogue(EASY)
    for quantity in get_args(Quantity):
        assert f"quantity.{quantity}" in texts
        assert f"explained.{quantity}" in texts
    units = {point.unit for key in cities.available() for point in cities.load(key).measuring_points}
    assert not [unit for unit in units if f"unit.{unit}" not in texts]
    assert not [state for state in State if f"state.{state.value}" not in texts]


def test_easy_texts_keep_the_rules() -> None:
    hard = re.compile(
        r"\b(wird|werden|wurde|wurden|würde|könnte|müsste|sollte|z\. ?B|usw|bzw|ca|evtl|km|cm|mm)\b|[;()]",
        re.IGNORECASE,
    )
    for key, text in catalogue(EASY).entries.items():
        if key.startswith("time."):
            continue
        shown = re.sub(r"\{[^}]*\}", "7", text)
        assert not hard.search(shown), key
        for sentence in re.split(r"(?<=[.?:])\s+", shown):
            assert len(sentence.split()) <= 12, (key, sentence)
        assert "!" not in text, key


async def pages_of(one: Site, start: str, most: int = 40) -> dict[str, httpx2.Response]:
    """Pages by address, found by following links from a start page."""
    found: dict[str, httpx2.Response] = {}
    waiting = [start]
    while waiting and len(found) < most:
        path = waiting.pop(0)
        # The crisis page is made by the engine, which is no part of this city.
        if path in found or path == Addresses(catalogue("de")).path("crisis"):
            continue
        answer = await one.get(path)
        if answer.status_code in {307, 308} or not answer.headers["content-type"].startswith("text/html"):
            continue
        assert answer.status_code == 200, path
        found[path] = answer
        waiting += sorted(inner(answer.text, start))
    return found


def inner(text: str, start: str) -> Iterable[str]:
    hrefs = (html.unescape(href).partition("#")[0] for href in re.findall(r'<a [^>]*href="([^"]*)"', text))
    return {href for href in hrefs if href == start or href.startswith(f"{start}/")}


def alternates(text: str) -> dict[str, str]:
    links = re.findall(r'<link rel="alternate" hreflang="(\w+)" href="([^"]*)">', text)
    return {language: html.unescape(href) for language, href in links if language in {"de", "en"}}


async def test_a_warning_stands_first_in_its_own_words(tmp_path: Path) -> None:
    def of(value: object) -> tuple[Attribute, ...]:
        return (Attribute(kind=Kind.PROPERTY, value=value),)

    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        told = {"headline": "Amtliche UNWETTERWARNUNG vor STARKREGEN", "validTo": "2026-11-20T20:00:00Z"}
        attributes: Attributes = {expand(name): of(value) for name, value in told.items()}
        alert = Entity(
            id="urn:ngsi-ld:WeatherAlert:05124000:dwd-warnungen:a",
            types=(expand("WeatherAlert"),),
            attributes=attributes,
        )
        await one.write(Change(mode=Mode.UPDATE, entity=alert))
        shown = await one.text("/leicht")
        assert "Es gibt eine Warnung. Amtliche UNWETTERWARNUNG vor STARKREGEN" in shown
        assert "Die Warnung gilt bis: 20. November 2026 um 21:00 Uhr." in shown
        assert "Gehen Sie nicht in den Keller." in shown
        one.clock.pass_s(9 * 3_600)
        assert "Es gibt eine Warnung." not in await one.text("/leicht")
