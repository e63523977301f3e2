"""Without a connection: what was seen last is there with its age, and nothing that a form sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Served

CRISIS = "/de/krise"
BRIDGE = "/de/messstelle/kluserbruecke"
KEPT = "async () => (await (await caches.open('pages-1')).keys()).map(one => new URL(one.url).pathname)"
SHELF = "async () => (await (await caches.open('pages-1')).keys()).map(one => one.url)"
AGE = re.compile(r"^Sie sind offline\. Stand \d{1,2}:\d\d Uhr, ")


@pytest.fixture
def device(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=served.address)
    yield context
    context.close()


def kept(page: Page, path: str) -> None:
    """Wait until a page lies on the device."""
    for _ in range(100):
        if path in page.evaluate(KEPT):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{path} is not kept")


def test_what_was_read_last_is_there_with_its_age(device: BrowserContext) -> None:
    page = device.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(BRIDGE)
    kept(page, BRIDGE)
    page.goto("/de")
    kept(page, "/de")
    kept(page, CRISIS)
    device.set_offline(True)
    page.goto(BRIDGE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pegel Kluserbrücke")
    expect(page.locator("[data-live-note]")).to_have_text(AGE)
    # It looks as it did, with its chart.
    expect(page.locator("[data-readout]")).to_have_text(re.compile(r"\d\scm · "))
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px"
    # What was never seen leads to what was.
    page.goto("/de/messstelle/opladen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sie sind offline.")
    expect(page.locator("[data-kept-list] li")).to_have_count(3)
    assert not Axe().run(page).response["violations"]
    page.get_by_role("link", name=re.compile("Pegel Kluserbrücke")).press("Enter")
    expect(page.locator("[data-live-note]")).to_have_text(AGE)
    # The connection is back: the page renews itself and no longer speaks of age.
    device.set_offline(False)
    expect(page.locator("[data-live-note]")).to_be_hidden(timeout=60_000)
    expect(page.locator("[data-live-control] [role=status]")).to_have_text("Die Verbindung ist wieder da.")
    assert not failures


def test_the_crisis_page_is_there_for_whoever_read_any_page(device: BrowserContext) -> None:
    page = device.new_page()
    page.goto("/de")
    kept(page, CRISIS)
    assert "/en/crisis" not in page.evaluate(KEPT)
    device.set_offline(True)
    told = page.locator(".old[role=status]")
    for _ in range(15):
        page.goto(CRISIS)
        if told.count():
            break
        # For ten seconds the browser takes it for as good as new.
        page.wait_for_timeout(1_000)
    expect(told).to_have_text(re.compile(r"^Sie sind offline\. Diese Seite ist vom Stand \d{1,2}\.\d"))
    expect(page.get_by_role("link", name=re.compile("Notruf 112"))).to_be_visible()
    assert not Axe().run(page).response["violations"]


def test_the_shelf_is_small_and_can_be_emptied(device: BrowserContext) -> None:
    page = device.new_page()
    page.goto(BRIDGE)
    kept(page, BRIDGE)
    for number in range(45):
        page.evaluate(
            "(href) => fetch(href, { headers: { accept: 'text/html' } })", f"/de/messstellen?seite=1&suche={number}"
        )
    shelf: list[str] = []
    for _ in range(200):
        # What lies there longest leaves a moment after the newest came.
        shelf = page.evaluate(SHELF)
        if len(shelf) == 40 and any(href.endswith("suche=44") for href in shelf):
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError(shelf)
    page.goto("/de/offline")
    expect(page.locator("[data-kept-list] li").first).to_be_visible()
    page.get_by_role("button", name="Aufbewahrte Seiten löschen").press("Enter")
    expect(page.get_by_text("Hier liegt noch keine Seite.")).to_be_visible()
    assert set(page.evaluate(KEPT)) <= {"/de/offline", "/en/offline"}


def test_nothing_but_pages_of_ours_is_kept(device: BrowserContext) -> None:
    page = device.new_page()
    page.goto(BRIDGE)
    kept(page, BRIDGE)
    kept(page, CRISIS)
    page.evaluate(
        """async () => {
          const html = { headers: { accept: 'text/html' } };
          await fetch('/de/nirgends', html);
          await fetch('/api/v1/stations', html);
          await fetch('/de/mein-ort', { method: 'POST', headers: { ...html.headers,
            'content-type': 'application/x-www-form-urlencoded' }, body: 'ort=Am+Beispielweg+1' });
        }"""
    )
    page.wait_for_timeout(300)
    assert set(page.evaluate(KEPT)) == {"/de/offline", "/en/offline", CRISIS, BRIDGE}


def test_the_worker_reaches_all_pages_and_nobody_else(served: Served) -> None:
    with httpx2.Client(base_url=served.address) as client:
        worker = client.get("/sw.js")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert worker.headers["cache-control"] == "no-cache"
        assert worker.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
        assert worker.text.startswith('const LANGUAGES = ["de","en"')
        assert 'const OFFLINE = ["/de/offline","/en/offline"];' in worker.text
        assert 'const CRISIS = ["/de/krise","/en/crisis","/leicht/krise"];' in worker.text
        card = client.get("/manifest.webmanifest")
        assert card.headers["content-type"].startswith("application/manifest+json")
        told = card.json()
        assert told["start_url"] == "/de"
        assert client.get(told["icons"][0]["src"]).headers["content-type"] == "image/svg+xml"
