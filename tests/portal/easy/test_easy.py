"""Pages in easy language: who sees them before somebody has checked them, and how they say what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from justhtml import JustHTML

from talwerk import cities
from talwerk.core.change import Provenance
from talwerk.core.instants import HOUR, MINUTE, Instant, format_instant
from talwerk.portal.crisis.page import BYTES_MAX, policy
from talwerk.portal.easy.dangers import Danger, danger_of
from talwerk.portal.frame.states import State
from talwerk.portal.lage.warnings import Notice, Told
from talwerk.sdk.profile import Quantity
from talwerk.texts import EASY, Catalogue, catalogue
from tests.portal.crisis.test_crisis import extreme, writer
from tests.portal.workbench import DAM, NOW, RAIN, Site, plain, site
from tests.services.warnings.test_in_force import alert, answered

SIMULATED = Provenance(source="wupperverband", attribution="Wupperverband", cadence_s=1_800, simulated=True)
UNCHECKED = "Diese Texte sind ungeprüft."
EASY_PAGES = ("/leicht", "/leicht/hilfe", "/leicht/messstelle/kluserbruecke", "/leicht/krise")


async def test_what_nobody_has_checked_is_hidden_from_the_public(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        assert "leicht" not in await crisis(one)
        assert "leicht" not in (await one.get("/en/crisis")).text
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
        await crisis(one)
        told = await one.get("/leicht/krise", **operator)
        assert told.status_code == 200
        assert UNCHECKED in told.text
        # Nobody between the operator and the city keeps it for others.
        assert told.headers["cache-control"] == "private, no-cache"
        known = {"if-none-match": told.headers["etag"]}
        assert (await one.get("/leicht/krise", **operator, **known)).status_code == 304
        assert (await one.get("/leicht/krise", **known)).status_code == 404
        assert (await one.get("/leicht/krise", authorization="Bearer wrong")).status_code == 401
        # What the operator saw is not given to the next who asks.
        assert (await one.get("/leicht/krise")).status_code == 404
        assert (await one.get("/leicht")).status_code == 404
        assert "leicht" not in (await one.get("/de")).text


async def test_a_simulated_city_shows_them_and_says_that_they_are_unchecked(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        assert 'href="/leicht/krise"' in await crisis(one)
        assert 'href="/leicht"' in (await one.get("/de")).text
        for path in EASY_PAGES:
            answer = await one.get(path)
            assert answer.status_code == 200, path
            assert '<html lang="de"' in answer.text
            assert UNCHECKED in answer.text, path
            assert {'hreflang="de"', 'hreflang="en"'} <= set(re.findall(r'hreflang="\w+"', answer.text))


async def test_checked_texts_are_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (("checked.on", "2026-11-20"), ("checked.by", "Prüfgruppe")):
        monkeypatch.setitem(catalogue(EASY).entries, key, value)
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        assert 'href="/leicht"' in (await one.get("/de")).text
        assert UNCHECKED not in await one.text("/leicht")
        assert 'href="/leicht/krise"' in await crisis(one)
        told = await one.get("/leicht/krise")
        assert UNCHECKED not in told.text
        assert told.headers["cache-control"].startswith("public")


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
        assert "Diese Seite ist noch nicht fertig." in await told_to_operator(one, 503)
        await one.observe([100.0, 101.0], entity=DAM, provenance=SIMULATED)
        assert "Die Mess-Stellen melden Zahlen." in await one.text("/leicht")
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        assert "Das Wasser ist unter Stufe 1." in await one.text("/leicht")
        one.clock.pass_s(1_800)
        await one.observe([140.0, 260.0], last=one.clock.now(), provenance=SIMULATED)
        told = await one.text("/leicht")
        assert "Kluserbrücke: 260 Zenti-Meter. Das ist Stufe 3." in told
        assert "Bleiben Sie weg vom Wasser." in told
        told = await told_to_operator(one)
        assert "Das Wasser steht sehr hoch." in told
        assert "Kluserbrücke: 260 Zenti-Meter. Das ist Stufe 3." in told
        assert "Die Zahl steigt" in await one.text("/leicht/messstelle/kluserbruecke")
        one.clock.pass_s(6 * 3_600)
        assert "Diese Seite ist alt." in await one.text("/leicht/krise")
        assert "Wir haben gerade keine neuen Zahlen." in await one.text("/leicht")
        assert "Die letzte Zahl" in await one.text("/leicht/messstelle/kluserbruecke")
        await one.text("/leicht/hilfe")
        await one.text("/leicht/messstelle/gibt-es-nicht", 404)
        assert (await one.visitor.post("/leicht/hilfe", headers={"accept": "text/html"})).status_code == 405
    assert asked <= set(catalogue(EASY).entries)
    families: tuple[str, ...] = ("error.", "age.", "unit.", "quantity.", "explained.", "state.", "checked.")
    families += ("warning.", "can.", "severity.", "advice.", "crisis.", "time.doubled")
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


async def test_a_warning_is_said_in_easy_words_before_its_own(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        await one.write(
            alert("a", severity="extreme", event="EXTREM ERGIEBIGER DAUERREGEN"),
            alert("b", severity="minor", event="FROST", validFrom=format_instant(Instant(NOW + HOUR))),
        )
        shown = await one.text("/leicht")
        assert "Es gibt 2 Warnungen. Das ist nur ein Beispiel. Die Warnungen hier sind nicht echt." in shown
        assert (
            "Es kann sehr viel regnen. Die Gefahr ist sehr groß. Die Warnung gilt bis: 20. November 2026 um 14:07 Uhr. "
            "Die Warnung kommt von: Deutscher Wetterdienst. Das Amt sagt in schwerer Sprache: "
            "„Amtliche WARNUNG vor STURM“"
        ) in shown
        assert "Es kann sehr kalt sein. Die Gefahr ist nicht so groß. Die Warnung gilt ab: 20. November" in shown
        assert "Gehen Sie nicht in den Keller." in shown
        assert "Ziehen Sie warme Sachen an." in shown
        one.clock.pass_s(9 * 3_600)
        assert "Es gibt eine Warnung." not in await one.text("/leicht")


async def test_nobody_is_told_to_keep_from_water_in_a_heat_wave(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        await one.write(extreme(event="STARKE WÄRMEBELASTUNG"))
        await crisis(one)
        for path in ("/leicht", "/leicht/krise"):
            told = await one.text(path)
            assert "Es kann sehr heiß sein." in told
            assert "Trinken Sie viel Wasser." in told
            assert "weg vom Wasser" not in told


async def test_the_easy_crisis_page_is_a_crisis_page(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0], provenance=SIMULATED)
        await answered(one, NOW - MINUTE)
        await crisis(one)
        assert "Gerade gibt es keine Warnung vor großer Gefahr." in await one.text("/leicht/krise")
        await one.write(*(extreme(str(number), headline="Lang " * 900) for number in range(9)))
        one.clock.pass_s(60)
        assert "leicht" in await crisis(one)
        answer = await one.get("/leicht/krise")
        assert len(answer.content) <= BYTES_MAX
        assert "Es gibt noch mehr Warnungen." in plain(answer.text)
        assert answer.headers["content-security-policy"] == policy(answer.content)
        for wish in ("<script", "<img", "@font-face", "url(", "style="):
            assert wish not in answer.text
        JustHTML(answer.text, strict=True, sanitize=False)


@pytest.mark.parametrize(
    "event, danger",
    [
        ("SCHWERES GEWITTER mit ORKANBÖEN und extrem heftigem STARKREGEN", Danger.THUNDER),
        ("DAUERREGEN", Danger.RAIN),
        ("GEFRIERENDER REGEN", Danger.ICE),
        ("STARKES TAUWETTER", Danger.FLOOD),
        ("WINDBÖEN", Danger.WIND),
        ("STARKE WÄRMEBELASTUNG", Danger.HEAT),
        ("UV-INDEX", Danger.SUN),
        ("STRENGER FROST", Danger.FROST),
        ("Ausfall des Notrufs", Danger.OTHER),
        ("", Danger.WIND),
    ],
)
def test_the_kind_of_danger_is_read_from_the_event(event: str, danger: Danger) -> None:
    headline = Told("Amtliche WARNUNG vor STURM", "de")
    notice = Notice("severe", headline, Told(event, "de"), Told("", "de"), (), "Deutscher Wetterdienst")
    assert danger_of(notice) is danger
    assert f"can.{danger.value}" in catalogue(EASY)


async def crisis(one: Site) -> str:
    """The German crisis page, after the engine wrote all of them."""
    await writer(one).round()
    one.clock.passed_s += 2
    answer = await one.get("/de/krise")
    assert answer.status_code == 200
    return answer.text


async def told_to_operator(one: Site, status: int = 200) -> str:
    """What the operator reads on the easy crisis page; nothing was written before the first one that is missing."""
    if status == 200:
        await crisis(one)
    token = one.city.credentials.operator_token
    answer = await one.get("/leicht/krise", authorization=f"Bearer {token}")
    assert answer.status_code == status
    return plain(answer.text)
