"""The crisis page in a real Chromium: clean for axe, narrow, by keyboard, and nothing but itself is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

from talwerk.portal.crisis.page import CrisisView, Phone, aged, crisis_page, policy, unwritten
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Link
from talwerk.portal.lage.warnings import Warned
from talwerk.texts import EASY, catalogue
from tests.portal.examples import AXIS, NOW_US, WARNED

p = Phrasebook(catalogue("de"), "Europe/Berlin")
VIEW = CrisisView(
    city="Musterstadt",
    now_us=NOW_US,
    warned=WARNED,
    gauges=tuple(gauge for gauge in AXIS if gauge.levels),
    phones=(Phone("Bürgertelefon", "+49 800 123"),),
    start_href="/de",
    here_href="/de/mein-ort",
    languages=(Link("English", "/en/crisis", lang="en"),),
)
CALM = CrisisView("Musterstadt", NOW_US, Warned(asked_us=NOW_US), (), (), "/de", "")
EASY_PAGE = Phrasebook(catalogue(EASY), "Europe/Berlin")
PAGES = {
    "grave": crisis_page(VIEW, p),
    "calm": crisis_page(CALM, p),
    "old": aged(crisis_page(VIEW, p), 3_600, p),
    "unwritten": unwritten(p, "Musterstadt", "/de"),
    "easy": aged(crisis_page(replace(VIEW, here_href="", unchecked=True), EASY_PAGE), 3_600, EASY_PAGE),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_crisis_page_is_for_everybody(browser: Browser, name: str) -> None:
    html = PAGES[name]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=html, content_type="text/html", headers={"content-security-policy": policy(html)})

    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.route("**/*", answer)
    page.goto("http://city.test/de/krise")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found], scheme
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    stops = []
    for _ in range(12):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href')"))
    assert "tel:112" in stops
    assert ("ort" in stops) == (name in {"grave", "old"})
    assert asked == ["http://city.test/de/krise"]
    assert not complaints
    context.close()
