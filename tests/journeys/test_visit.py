"""People on the pages of a running city: by keyboard, without script, in both schemes, along every link."""

from __future__ import annotations

import csv
import html
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from justhtml import JustHTML
from playwright.sync_api import Page

from talwerk.core.instants import parse_instant
from tests.journeys.conftest import Served, serving
from tests.journeys.test_every_page import PER_KIND, Kind, kind

Visit = Callable[..., Page]

BRIDGE = "/de/messstelle/kluserbruecke"
PAGES = ["/de", "/de/messstellen", BRIDGE, f"{BRIDGE}?zeitraum=all", "/de/zeichen"]
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
FOCUSED = "() => { const e = document.activeElement; return (e.getAttribute('aria-label') || e.textContent).trim() }"
TABS_MAX = 60
LEADS = ("/", "tel:", "mailto:", "https://", "data:,")
MARKED = ("Beispieldaten, nicht gemessen.", "Example data, not measured.", "Die Zahlen sind Beispiele.", "Simulation")
"""How pages say that nobody measured their numbers: in German, English, easy language, and on the crisis page."""


def walk_to(page: Page, label: str) -> None:
    """Press Tab until the focus stands on a label."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == label:
            return
    raise AssertionError(f"the keyboard does not reach {label!r} on {page.url}")


def follow(page: Page, label: str) -> None:
    walk_to(page, label)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_from_the_situation_to_a_table_by_keyboard(visit: Visit, tmp_path: Path) -> None:
    page = visit("/de")
    assert page.get_by_role("heading", level=1).inner_text().replace("\u00ad", "") != ""
    assert page.get_by_text("Beispieldaten, nicht gemessen.").is_visible()
    follow(page, "Kluserbrücke")
    assert page.get_by_role("heading", level=1).inner_text() == "Pegel Kluserbrücke"
    for label, span in (("7 Tage", "7d"), ("30 Tage", "30d"), ("alles", "all"), ("24 h", "24h")):
        follow(page, label)
        assert page.url.endswith(f"?zeitraum={span}")
        ranges = page.get_by_role("navigation", name="Zeitraum")
        assert ranges.locator("[aria-current=page]").inner_text() == label
        assert page.get_by_role("img", name="Wasserstand, Pegel Kluserbrücke").count() == 1
    walk_to(page, "CSV")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    table = tmp_path / "window.csv"
    download.value.save_as(table)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = page.locator(".value dd", has_text=re.compile(r"^\d+$")).last.inner_text()
    assert len(rows) == int(shown)
    times = [parse_instant(row["observedAt"]) for row in rows]
    assert times == sorted(times)
    assert all(row["unit"] == "cm" and float(row["value"]) >= 0 for row in rows)
    follow(page, "Messstellen")
    assert page.get_by_role("heading", level=1).inner_text() == "Messstellen"
    page.go_back()
    assert page.url.endswith("?zeitraum=24h")


def test_everything_works_without_script(visit: Visit) -> None:
    page = visit("/de", java_script_enabled=False)
    page.locator("main summary").press("Enter")
    rows = page.get_by_role("table").get_by_role("row").all_inner_texts()
    assert len(rows) == 6
    page.get_by_role("link", name="Kluserbrücke").first.click()
    page.get_by_role("link", name="7 Tage").click()
    assert page.get_by_role("img", name="Wasserstand, Pegel Kluserbrücke").is_visible()
    assert page.get_by_role("region", name="Als Tabelle").get_by_role("row").count() == 49


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit: Visit, path: str) -> None:
    page = visit(path)
    for summary in page.locator("summary").all():
        summary.click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=WCAG).response["violations"]
        assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found], scheme


@pytest.mark.parametrize("width", [320, 360, 768, 1_280])
def test_nothing_scrolls_sideways_or_leaves_its_card(visit: Visit, width: int) -> None:
    for path in PAGES:
        page = visit(path, viewport={"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, path
        left = page.evaluate(
            "() => [...document.querySelectorAll('.card')].flatMap(card => [...card.querySelectorAll('a, p, h2, h3')]"
            ".filter(e => !e.closest('.scroll') && e.getBoundingClientRect().width > 1"
            " && e.getBoundingClientRect().right > card.getBoundingClientRect().right + 1).map(e => e.textContent))"
        )
        assert not left, path


def test_every_link_leads_somewhere_and_every_page_is_valid(served: Served) -> None:
    waiting, seen, alike = ["/de", "/", "/favicon.ico"], set[str](), Counter[Kind]()
    with httpx2.Client(
        base_url=served.address, headers={"accept": "text/html,*/*;q=0.8"}, follow_redirects=True
    ) as client:
        until = time.monotonic() + 30
        while "Simulation" not in client.get("/de/krise").text and time.monotonic() < until:
            time.sleep(0.5)  # the engine writes it anew a few seconds after a change
        while waiting:
            path = waiting.pop()
            alike[kind(path)] += path not in seen
            if path in seen or alike[kind(path)] > PER_KIND:
                continue
            seen.add(path)
            answer = client.get(path)
            assert answer.status_code == 200, path
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            JustHTML(answer.text, strict=True, sanitize=False)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert any(words in answer.text for words in MARKED), path
            told = re.sub(r"<(code|pre)\b.*?</\1>", "", answer.text, flags=re.DOTALL)  # what is shown to be copied
            found = [html.unescape(href) for href in re.findall(r'\s(?:href|src)="([^"#][^"]*)"', told)]
            assert not [
                href for href in found if not href.startswith(("/", "tel:", "mailto:", "https://", "data:,"))
            ], path
            # Every page names a stand of its own: one of them stands for all.
            waiting += [href for href in found if href[0] == "/" and ("stand=" not in href or path == BRIDGE)]
    assert len(seen) > 30


def test_errors_are_pages_for_people(served: Served) -> None:
    with httpx2.Client(base_url=served.address) as client:
        for path in ("/de/nirgends", "/nirgends"):
            answer = client.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 404
            JustHTML(answer.text, strict=True, sanitize=False)


def test_another_city_runs_the_same(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "solingen") as running:
        empty = httpx2.get(f"{running.address}/de").text
        assert "Diese Stadt hat noch keine Messwerte." in empty
        running.command("sample", "--to", str(tmp_path))
        running.command("replay", str(tmp_path / "sample.csv"), "--mapping", str(tmp_path / "sample.toml"))
        page = httpx2.get(f"{running.address}/de").text
        assert "Talwerk Solingen" in page
        assert page.count('class="node"') >= 8
