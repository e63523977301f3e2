"""A gauge in a real browser: every value read by keyboard, another period in place, nothing moves, nothing is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
BRIDGE = "/de/messstelle/kluserbruecke"
SHIFT = """() => new Promise((done) => { let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 300); })"""


def ready(page: Page) -> None:
    expect(page.locator("[data-plot].drawn .uplot")).to_be_visible()


def test_a_gauge_is_read_value_by_value_with_the_keyboard(visit: Visit) -> None:
    page = visit(BRIDGE)
    ready(page)
    slider = page.get_by_role("slider", name="Wert ablesen")
    newest = slider.get_attribute("aria-valuetext")
    assert newest is not None
    assert re.fullmatch(r"\d+\. \w+\.?, \d+:\d\d Uhr · [\d,]+\scm · ungeprüft", newest)
    assert newest.split(" · ")[1] == "\u00a0".join(page.locator(".value .figure").inner_text().split())
    slider.press("ArrowLeft")
    earlier = slider.get_attribute("aria-valuetext")
    assert earlier != newest
    # The table's second row says the same.
    second = page.locator("#messwerte ~ .scroll tbody tr").nth(1).inner_text()
    assert earlier is not None
    assert earlier.split(", ")[1].split(" · ")[0] in second
    expect(page.locator("[data-readout]")).to_have_text(earlier)
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") != earlier


def test_a_stretch_is_looked_at_closely_by_buttons(visit: Visit) -> None:
    page = visit(f"{BRIDGE}?zeitraum=7d")
    ready(page)
    button = {
        name: page.get_by_role("button", name=name, exact=True) for name in ("Näher", "Früher", "Ganzer Zeitraum")
    }
    expect(button["Ganzer Zeitraum"]).to_have_attribute("aria-disabled", "true")
    told = page.get_by_role("slider").get_attribute("aria-valuetext")
    for _ in range(3):
        button["Näher"].press("Enter")
    expect(button["Näher"]).to_be_focused()
    expect(button["Ganzer Zeitraum"]).to_have_attribute("aria-disabled", "false")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == told, "what is read stays what is read"
    button["Früher"].press("Enter")
    button["Ganzer Zeitraum"].press("Enter")
    expect(button["Früher"]).to_have_attribute("aria-disabled", "true")


def test_another_period_comes_in_place_and_the_way_back_works(visit: Visit) -> None:
    page = visit(BRIDGE)
    ready(page)
    page.evaluate("() => { window.stayed = true; }")
    for label, span in (("7 Tage", "7d"), ("alles", "all")):
        page.get_by_role("link", name=label).press("Enter")
        expect(page.locator("[data-swap] [aria-current]")).to_have_text(label)
        assert page.url.endswith(f"?zeitraum={span}")
        expect(page.get_by_role("link", name=label)).to_be_focused()
        assert "from=" in (page.get_by_role("link", name="CSV").get_attribute("href") or "") or span == "all"
    expect(page.locator("[data-live-control] [role=status]")).to_have_text(re.compile("^Wasserstand vom "))
    page.go_back()
    expect(page.locator("[data-swap] [aria-current]")).to_have_text("7 Tage")
    page.go_back()
    expect(page.locator("[data-swap] [aria-current]")).to_have_text("24 h")
    assert page.evaluate("window.stayed") is True
    ready(page)


@pytest.mark.parametrize("width", [320, 1_280])
def test_nothing_moves_while_the_page_comes_to_life(visit: Visit, width: int) -> None:
    page = visit(BRIDGE, viewport={"width": width, "height": 900})
    ready(page)
    assert page.evaluate(SHIFT) < 0.05
    drawn, plot = page.locator("svg.chart:visible").bounding_box(), page.locator(".uplot").bounding_box()
    assert drawn is not None
    assert plot is not None
    assert abs(drawn["width"] - plot["width"]) < 2
    assert abs(drawn["y"] - plot["y"]) < 10
    page.set_viewport_size({"width": 500, "height": 900})
    expect(page.locator(".uplot")).to_have_js_property(
        "clientWidth", page.locator(".picture").evaluate("e => e.clientWidth")
    )
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_everything_open(visit: Visit, scheme: str) -> None:
    page = visit(BRIDGE, color_scheme=scheme, viewport={"width": 360, "height": 800})
    ready(page)
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(page).response["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_the_chart_follows_the_scheme_and_paper_shows_the_drawn_one(visit: Visit) -> None:
    page = visit(BRIDGE, color_scheme="light")
    ready(page)
    colour = "() => document.querySelector('.uplot canvas').toDataURL()"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    for _ in range(100):
        if page.evaluate(colour) != light:
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("the chart keeps the colours of the other scheme")
    page.emulate_media(media="print")
    assert not page.locator(".uplot").is_visible()
    assert page.locator("svg.chart-wide").evaluate("e => getComputedStyle(e).opacity") == "1"


def test_what_is_copied_is_the_whole_citation(visit: Visit) -> None:
    page = visit(BRIDGE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Zitieren", exact=True).click()
    page.locator("[data-copy=zitat]").press("Enter")
    expect(page.locator("[data-copy=zitat]")).to_have_text("Kopiert")
    copied = page.evaluate("navigator.clipboard.readText()")
    address = re.search(r"http://\S+$", copied)
    assert address is not None
    page.goto(address[0])
    expect(page.get_by_text("Sie sehen den Stand vom")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pegel Kluserbrücke")


def test_a_stand_is_chosen_without_script(visit: Visit) -> None:
    page = visit(f"{BRIDGE}?zeitraum=7d", java_script_enabled=False)
    page.get_by_text("Stand wählen").click()
    page.get_by_label("So war es bekannt am").fill("2020-01-01T12:00")
    page.get_by_role("button", name="Zeigen").click()
    assert "stand=2020-01-01T12%3A00" in page.url
    assert "zeitraum=7d" in page.url
    assert page.get_by_text("Sie sehen den Stand vom 01.01.2020, 12:00 Uhr.").is_visible()


def test_another_site_shows_the_gauge(visit: Visit) -> None:
    page = visit("/de/zeichen")
    until = time.monotonic() + 10
    while not (frame := page.request.get("/de/einbetten/kluserbruecke")).ok and time.monotonic() < until:
        time.sleep(0.2)  # pages may be a moment older than what was written
    assert "frame-ancestors *" in frame.headers["content-security-policy"]
    page.goto("/de/einbetten/kluserbruecke")
    assert page.get_by_role("heading", name="Pegel Kluserbrücke").is_visible()
    assert not Axe().run(page).response["violations"]
    for width in (240, 360, 700):
        page.set_viewport_size({"width": width, "height": 460})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
