"""Imprint, privacy, accessibility, credits, help: facts of the profile, what is missing or unconfirmed, and signing."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.portal.about.leaf import WORKS
from talwerk.portal.frame.static import has_vendor
from tests.conftest import ROOT
from tests.portal.easy.test_easy import SIMULATED
from tests.portal.workbench import Site, site

AROUND = ("impressum", "datenschutz", "barrierefreiheit", "bildnachweise", "hilfe")
MISSING = "Diese Angabe fehlt noch."
BARE = """
[city]
key = "musterstadt"
name = "Musterstadt"
ags = "00000000"
ars = "000000000000"
languages = ["de", "en"]
"""
WHOLE = """
[contact]
name = "Stadt Musterstadt"
represented_by = "Bürgermeisterin"
address = ["Am Markt 1", "00000 Musterstadt"]
phone = "+49 000 12345"
mail = "portal@musterstadt.example"

[legal]
responsible = "Leitung der Pressestelle"
server_logs = "Nichts."
assessment = { on = "2026-03-29", by = "Prüfstelle <i>", result = "part" }

[legal.privacy_officer]
name = "Datenschutzbeauftragte"
mail = "datenschutz@musterstadt.example"

[legal.supervision]
name = "Aufsicht"
web = "https://aufsicht.example"

[legal.enforcement]
name = "Durchsetzungsstelle"
phone = "115"
"""
VIDEO = """
[[sign_videos]]
topic = "portal"
file = "portal.mp4"
captions = "portal.vtt"
seconds = 95
"""
CHECKED = 'checked_on = "2026-11-01"\nchecked_by = "Prüfgruppe"\n'


def folder(at: Path, *parts: str) -> str:
    made = at / "musterstadt"
    made.mkdir()
    (made / cities.PROFILE).write_text("".join((BARE, *parts)), encoding="utf-8")
    (made / "sign").mkdir()
    (made / "sign" / "portal.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(1_000))
    (made / "sign" / "portal.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nGuten Tag\n", encoding="utf-8")
    (made / "sign" / "notes.vtt").write_text("WEBVTT\n", encoding="utf-8")
    return str(made)


async def test_a_city_that_says_nothing_is_said_to_say_nothing(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path)) as one:
        told = {name: await one.text(f"/de/{name}") for name in AROUND}
        # Operator, address, phone, mail, representative, responsible.
        assert told["impressum"].count(MISSING) == 6
        assert told["datenschutz"].count(MISSING) == 7
        assert "Menschen haben diese Seiten noch nicht geprüft." in told["barrierefreiheit"]
        assert "Kontakt Barriere melden" in told["hilfe"]
        assert "This is not stated yet." in await one.text("/en/imprint")


async def test_links_of_a_city_with_few_pages_lead_somewhere(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path)) as one:
        assert "Mein Ort" not in await one.text("/de/hilfe")
        for name in AROUND:
            for href in re.findall(r'<a [^>]*href="(/de[^"#]*)', (await one.get(f"/de/{name}")).text):
                assert (await one.get(href)).status_code == 200 or href == "/de/krise", href


async def test_a_city_that_says_everything_owes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path, WHOLE)) as one:
        for name in AROUND:
            page = await one.get(f"/de/{name}")
            assert MISSING not in page.text, name
            assert "unbestätigt</span>" not in page.text, name
            assert 'href="tel:+4900012345"' in page.text, name
            assert 'href="mailto:portal@musterstadt.example"' in page.text, name
        statement = await one.text("/de/barrierefreiheit")
        assert (
            "Die Seiten erfüllen die Anforderungen teilweise. Geprüft am 29.03.2026 von: Prüfstelle <i>." in statement
        )
        assert "Niemand hat die Seiten bisher" not in statement
        assert "Examined on 29 Mar 2026" in await one.text("/en/accessibility")


async def test_what_no_source_confirms_is_marked(tmp_path: Path) -> None:
    doubtful = WHOLE.replace('mail = "portal@', 'unconfirmed = ["phone"]\nmail = "portal@')
    async with site(tmp_path / "data", folder(tmp_path, doubtful)) as one:
        page = await one.get("/de/impressum")
        assert len(re.findall(r"unbestätigt</span>", page.text)) == 1
        assert "+49 000 12345 (unbestätigt)" in page.text


async def test_every_page_leads_to_them(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        for start in ("/de", "/de/messstellen", "/de/gibt-es-nicht"):
            text = (await one.get(start)).text
            for name in AROUND:
                assert f'href="/de/{name}"' in text, (start, name)
            assert 'href="/de/barrierefreiheit#barriere"' in text
        assert 'id="barriere"' in (await one.get("/de/barrierefreiheit")).text


async def test_what_the_privacy_page_says_is_so(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        for path in ("/", "/de", "/de/messstellen", "/de/gibt-es-nicht", "/de/datenschutz"):
            answer = await one.get(path)
            assert "set-cookie" not in answer.headers, path
            sources = re.findall(r'<(?:script|link|img|source|video|iframe)[^>]*(?:src|href)="([^"]+)"', answer.text)
            assert not [address for address in sources if not address.startswith("/")], path
        told = await one.text("/de/datenschutz")
        assert "Diese Seiten setzen keine Cookies." in told


async def test_works_of_others_are_those_that_the_build_puts_in_place(tmp_path: Path) -> None:
    wanted = json.loads((ROOT / "tools" / "assets" / "package.json").read_text())["dependencies"]
    shown = {re.sub(r"[^a-z]", "", work.title.lower()) for work in WORKS}
    packages = {re.sub(r"[^a-z]", "", name.rpartition("/")[2].partition(".")[0].partition("-gl")[0]) for name in wanted}
    # KERN is called native there, and brings the typeface.
    assert {name for name in packages if not any(name in title for title in shown)} == {"native"}
    assert len(WORKS) == len(wanted) + 1
    async with site(tmp_path) as one:
        told = await one.text("/de/bildnachweise")
        assert all((work.title in told) == has_vendor() for work in WORKS)


async def test_an_unchecked_video_is_for_the_operator_alone(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path, VIDEO)) as one:
        await one.observe([100.0])
        for path in ("/de/gebaerdensprache", "/sign/portal.mp4", "/sign/portal.vtt"):
            assert (await one.get(path)).status_code == 404, path
        assert "gebaerdensprache" not in (await one.get("/de")).text
        operator = {"authorization": f"Bearer {one.city.credentials.operator_token}"}
        page = await one.get("/de/gebaerdensprache", **operator)
        assert "Dieses Video ist ungeprüft." in page.text
        assert 'href="/de/gebaerdensprache"' in (await one.get("/de", **operator)).text
        film = await one.get("/sign/portal.mp4", **operator)
        assert film.headers["cache-control"] == "private, no-store"
        assert "Videos in Deutscher Gebärdensprache gibt es noch nicht." in await one.text("/de/barrierefreiheit")


async def test_an_unchecked_video_is_shown_in_a_simulated_city(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path, VIDEO)) as one:
        await one.observe([100.0], provenance=SIMULATED)
        assert "Dieses Video ist ungeprüft." in await one.text("/de/gebaerdensprache")
        assert (await one.get("/sign/portal.mp4")).status_code == 200


async def test_a_checked_video_is_served_from_here_with_its_captions(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path, VIDEO, CHECKED)) as one:
        page = await one.get("/de/gebaerdensprache")
        assert page.status_code == 200
        assert "ungeprüft" not in page.text
        assert "media-src 'self'" in page.headers["content-security-policy"]
        assert addresses(page.text) == ["/sign/portal.mp4", "/sign/portal.vtt"]
        film = await one.get("/sign/portal.mp4", range="bytes=4-11")
        assert (film.status_code, film.content) == (206, b"ftypmp42")
        assert film.headers["content-type"] == "video/mp4"
        captions = await one.get("/sign/portal.vtt")
        assert captions.headers["content-type"] == "text/vtt; charset=utf-8"
        # Only what the profile names: neither other files of the folder nor other folders.
        for name in ("notes.vtt", "..%2Fprofile.toml", "profile.toml"):
            assert (await one.get(f"/sign/{name}")).status_code == 404, name
        assert "Videos in Deutscher Gebärdensprache gibt es noch nicht." not in await one.text("/de/barrierefreiheit")


async def test_a_city_without_videos_has_no_page_for_them(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        assert (await one.get("/de/gebaerdensprache")).status_code == 404


@pytest.mark.parametrize("path, status", [("/de/impressum", 405), ("/de/hilfe", 405)])
async def test_they_only_take_readers(tmp_path: Path, path: str, status: int) -> None:
    async with site(tmp_path) as one:
        answer = await one.visitor.post(path, headers={"accept": "text/html"}, content=b"x")
        assert answer.status_code == status
        assert "Diese Seite kann nur gelesen werden." in answer.text


async def test_a_passing_error_offers_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path) as one:
        await broken(one, monkeypatch)
        answer = await one.get("/de/impressum")
        assert answer.status_code == 500
        assert "Noch einmal versuchen" in answer.text


async def broken(one: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> object:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("talwerk.portal.site.desk.Scene", fails)


def addresses(text: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'<(?:source|track)[^>]*src="([^"]+)"', text)]
