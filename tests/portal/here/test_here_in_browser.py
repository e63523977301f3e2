"""Mein Ort in a real browser: on a phone, with the keyboard, without scripts, for eyes and ears, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from talwerk.portal.frame.static import has_vendor
from talwerk.processes.directory import directory_of
from talwerk.services.places import FILE, House, Register
from talwerk.services.territory import FOLDER
from tests.browsing import Visit, visiting
from tests.journeys.conftest import Served, serving

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
CENTRE = (7.149, 51.2566)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city with values, whose streets are known."""
    folder = tmp_path_factory.mktemp("settled")
    official = directory_of(folder / "data", "wuppertal") / FOLDER
    official.mkdir(parents=True)
    houses = [
        House(street=street, number=n, suffix="", postcode="42103", longitude=CENTRE[0] + n / 1e5, latitude=CENTRE[1])
        for street in ("Kirchstraße", "Kirchweg", "Höhe")
        for n in range(1, 21)
    ]
    Register.build(houses).save(official / FILE)
    with serving(folder / "data") as running:
        running.command("sample", "--to", str(folder))
        running.command("replay", str(folder / "sample.csv"), "--mapping", str(folder / "sample.toml"))
        yield running


@pytest.fixture
def visit(browser: Browser, settled: Served) -> Iterator[Visit]:
    """Open a page on a phone; complaints of the browser fail the test."""
    with visiting(browser, settled.address, width=360, height=740) as open_page:
        yield open_page


def judge(page: Page) -> None:
    """Neither barriers in either scheme, nor anything that runs out of a narrow screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=AXE).response["violations"]
        assert [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in found] == [], page.url
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), page.url


def test_what_applies_at_an_address_is_two_taps_away(visit: Visit) -> None:
    page = visit("/de", has_touch=True)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.get_by_label("Straße oder Quartier", exact=True).tap()
    page.keyboard.type("Kirchstraße 7")
    page.get_by_role("button", name="Anzeigen").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kirchstraße 7")
    expect(page.get_by_text("Der Pegel Kluserbrücke", exact=False).first).to_be_visible()
    # Neither the address bar, nor the title, nor any request names it.
    assert page.url.endswith("/de/mein-ort")
    assert "Kirch" not in page.title()
    assert not [line for line in sent if "irchstr" in line]
    assert any(line.startswith("POST ") for line in sent)


@pytest.mark.skipif(not has_vendor(), reason="needs the web assets")
def test_suggestions_are_chosen_with_the_keyboard(visit: Visit) -> None:
    page = visit("/de/mein-ort")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method) if "vorschlaege" in request.url else None)
    field = page.get_by_role("combobox", name="Straße oder Quartier")
    field.press_sequentially("Ki")
    page.wait_for_timeout(400)
    assert asked == []
    field.press_sequentially("rch")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status")).to_have_text(re.compile("^2 Vorschläge"))
    assert set(asked) == {"POST"}
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Kirchstraße")
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    field.press("s")
    field.press("Backspace")
    expect(page.get_by_role("option")).to_have_count(2)
    field.press("ArrowUp")
    field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kirchstraße")


def test_everything_works_without_scripts(visit: Visit) -> None:
    page = visit("/de/impressum", width=320, java_script_enabled=False)
    page.get_by_text("Suche", exact=True).click()
    page.get_by_label("Nach einem Ort suchen").fill("Kirchstraße 7")
    page.get_by_role("search").get_by_role("button", name="Suchen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kirchstraße 7")
    page.goto("/de/mein-ort")
    page.get_by_label("Straße oder Quartier", exact=True).fill("Höhe")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Was meinen Sie mit „Höhe“?")
    page.get_by_role("button", name="Höhe", exact=True).click()
    expect(page.get_by_text("Ohne Hausnummer zeigen wir die Mitte der Straße.")).to_be_visible()
    page.get_by_role("button", name="Notfallblatt").click()
    expect(page.get_by_text("Feuerwehr und Rettungsdienst")).to_be_visible()
    page.goto("/de/quartiervergleich")
    page.get_by_label("Erstes Quartier").select_option("Sonnborn")
    page.get_by_label("Zweites Quartier").select_option("Zoo")
    page.get_by_role("button", name="Vergleichen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("und"))
    assert re.search(r"\?a=10&b=15$", page.url)


def test_answers_are_for_everybody(visit: Visit) -> None:
    """Pages that no link leads to; the others are judged where all links are followed."""
    page = visit("/de/mein-ort", width=320)
    page.get_by_label("Straße oder Quartier", exact=True).fill("Kirch")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Was meinen Sie"))
    judge(page)
    page.get_by_role("button", name="Kirchstraße").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kirchstraße")
    judge(page)


@pytest.mark.long
@pytest.mark.parametrize(
    "path", ["/de/mein-ort", "/en/my-place/00", "/en/quarter-comparison?a=00&b=87", "/en/emergency-sheet/00"]
)
def test_pages_of_quarters_are_for_everybody(visit: Visit, path: str) -> None:
    judge(visit(path, width=320))


def test_the_sheet_is_one_page_of_paper_in_large_type(visit: Visit) -> None:
    page = visit("/de/notfallblatt/87")
    expect(page.get_by_role("button", name="Drucken")).to_be_visible()
    page.emulate_media(media="print")
    assert page.evaluate("() => parseFloat(getComputedStyle(document.querySelector('.sheet')).fontSize)") > 21.3
    expect(page.get_by_role("navigation").first).to_be_hidden()
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
