"""Pages in a real Chromium: clean for axe, usable by keyboard, narrow, enlarged and on paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.portal.examples import PAGES

Show = Callable[..., Page]
every_page = pytest.mark.parametrize("name", [name for name in PAGES if name[:6] != "error-" or name == "error-404"])

SMALL_TARGETS = """() => [...document.querySelectorAll('a:not(.skip), summary, button')]
    .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44 && !e.closest('dd'))
    .map(e => e.outerHTML)"""
COVERED_TEXTS = """() => { const boxes = [...document.querySelectorAll('svg text')]
    .map(e => [e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width);
  return boxes.flatMap(([a, p], i) => boxes.slice(i + 1)
    .filter(([, q]) => p.left < q.right && q.left < p.right && p.top + 4 < q.bottom && q.top + 4 < p.bottom)
    .map(([b]) => a + ' | ' + b)); }"""
CUT_TEXTS = """() => [...document.querySelectorAll('svg.chart text')].filter(e => {
    const b = e.getBoundingClientRect(), f = e.ownerSVGElement.getBoundingClientRect();
    return b.width && (b.left < f.left - 1 || b.right > f.right + 1); }).map(e => e.textContent)"""


STICKS_OUT = """() => [...document.querySelectorAll('.card')].flatMap(card => [...card.querySelectorAll('a, p, h2, h3')]
    .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().width > 1
        && e.getBoundingClientRect().right > card.getBoundingClientRect().right + 1).map(e => e.textContent))"""


def overflow_px(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})


@every_page
def test_axe_finds_nothing(show: Show, name: str) -> None:
    page = show(name)
    for summary in page.locator("summary").all():
        summary.click()
    # Every pair of colours is tested in the stylesheet, so each size and each scheme need to be met once.
    for width in (360, 1280):
        resize(page, width)
        page.emulate_media(color_scheme="light" if width == 360 else "dark")
        found = Axe().run(page).response["violations"]
        told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
        assert not told, width


@every_page
def test_nothing_scrolls_sideways(show: Show, name: str) -> None:
    page = show(name)
    for width in (320, 360, 480, 640, 768, 1024, 1280):
        resize(page, width)
        assert overflow_px(page) == 0, width
        assert not page.evaluate(STICKS_OUT), width
    page.evaluate("document.documentElement.style.fontSize = '200%'")  # what the browser's text setting does
    assert overflow_px(page) == 0


@every_page
def test_targets_are_large_and_labels_stand_free(show: Show, name: str) -> None:
    page = show(name)
    for width in (360, 1280):
        resize(page, width)
        assert not page.evaluate(SMALL_TARGETS)
        assert not page.evaluate(COVERED_TEXTS)
        assert not page.evaluate(CUT_TEXTS)


def test_keyboard_meets_skip_link_header_then_content(show: Show) -> None:
    page = show("raised")
    stops = []
    for _ in range(12):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", stops[-1]
    assert stops[:4] == ["Zum Inhalt", "Talwerk Musterstadt", "Lage", "Messstellen"]
    assert stops[4:10] == ["Oberdorf", "Brücke", "Werk", "Mündung", "Unterdorf", "Neubau"]
    assert stops[10] == "Als Tabelle"


def test_skip_link_leads_to_the_content(show: Show) -> None:
    page = show("calm")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhalt"


def test_table_twin_opens_without_script(show: Show) -> None:
    page = show("raised", java_script_enabled=False)
    page.locator("summary").press("Enter")
    assert page.get_by_role("table").get_by_role("row").count() == 7


def test_band_runs_across_or_down_the_page(show: Show) -> None:
    def places(name: str, width: int) -> tuple[set[int], set[int]]:
        boxes = [link.bounding_box() for link in show(name, width).locator(".band li").all()]
        return {round(box["x"]) for box in boxes if box}, {round(box["y"]) for box in boxes if box}

    assert [len(found) for found in places("raised", 1280)] == [6, 1]
    assert [len(found) for found in places("raised", 360)] == [1, 6]
    assert [len(found) for found in places("many", 1280)] == [1, 12]


def test_one_chart_is_shown_and_named(show: Show) -> None:
    for width in (360, 1280):
        images = show("point-day", width).get_by_role("img", name="Wasserstand, Pegel Brücke")
        assert images.count() == 1


def test_forced_colours_and_print_keep_the_words(show: Show) -> None:
    page = show("raised", forced_colors="active")
    assert page.get_by_text("Infostufe 3").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert not page.get_by_role("navigation").is_visible()
