"""Every kind of page of a city with all its sources, found along its links: valid, linked, light, and clean for axe."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from justhtml import JustHTML
from playwright.sync_api import Browser, Page

from tests.served import Served, served

PER_KIND = 1
"""Pages of a kind that are looked at: others are made by the same template."""
FIRST_VIEW_BYTES = 150_000
LAYOUT_SHIFT = 0.05
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
ON_DEMAND = re.compile(r"maplibre|pmtiles")
"""The map's library is loaded by whoever opens the map, and is no part of a first view."""
SHIFTS = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) sum += e.value; }))
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 200);
})"""

LANGUAGES = ("de", "en", "leicht")
Kind = tuple[str, ...]


def kind(address: str) -> Kind:
    """What makes pages alike: language, first segment, depth and the names in the query."""
    parts = urlsplit(address)
    segments = parts.path.strip("/").split("/")
    return (*segments[:2], str(len(segments)), *sorted({name for name, _ in parse_qsl(parts.query)}))


def links(text: str, at: str) -> list[str]:
    found = (html.unescape(href) for href in re.findall(r'<a\s[^>]*href="([^"#][^"]*)"', text))
    return [urljoin(at, href).partition("#")[0] for href in found]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city whose twin answers for every source."""
    with served(tmp_path_factory.mktemp("city") / "data", feeds="twin") as running:
        until = time.monotonic() + 60
        while "\u25cf" not in running.get("/de").text and time.monotonic() < until:
            time.sleep(0.5)
        yield running


@pytest.fixture(scope="module")
def pages(city: Served) -> dict[Kind, str]:
    """One address of each kind of page, by following links from the start pages."""
    found: dict[Kind, list[str]] = {}
    waiting, seen = [f"{city.url}/{language}" for language in LANGUAGES], set()
    with httpx2.Client(headers={"accept": "text/html, */*;q=0.8"}, timeout=30) as client:
        while waiting:
            at = waiting.pop(0)
            if at in seen or not at.startswith(city.url):
                continue
            seen.add(at)
            path = urlsplit(at).path
            of_kind = found.setdefault(kind(at), [])
            if len(of_kind) >= PER_KIND:
                continue
            of_kind.append(at)
            answer = client.get(at)
            assert answer.status_code in {200, 307, 308}, (at, answer.status_code)
            if path.split("/")[1] in LANGUAGES and answer.headers["content-type"].startswith("text/html"):
                JustHTML(answer.text, strict=True, sanitize=False)
                assert answer.text.count("<h1") == 1, at
                assert f'<html lang="{"en" if path.startswith("/en") else "de"}"' in answer.text, at
                assert "unsafe" not in answer.headers["content-security-policy"], at
                assert "set-cookie" not in answer.headers, at
                waiting += links(answer.text, at)
    return {
        of: addresses[0]
        for of, addresses in found.items()
        if of[0] in LANGUAGES and not re.search(r"\.(csv|json|geojson)$", urlsplit(addresses[0]).path)
    }


@pytest.mark.long
@pytest.mark.timeout(300)
def test_both_languages_have_the_same_kinds_of_pages(pages: dict[Kind, str]) -> None:
    counted = {language: sum(of[0] == language for of in pages) for language in ("de", "en")}
    assert counted["de"] > 8
    assert counted["de"] == counted["en"]


@pytest.fixture
def opened(browser: Browser, city: Served) -> Iterator[Callable[..., tuple[Page, dict[str, int], list[str]]]]:
    contexts = []

    def open_page(address: str, **options: object) -> tuple[Page, dict[str, int], list[str]]:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        weight: dict[str, int] = {}
        named: dict[str, str] = {}
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        watch = context.new_cdp_session(page)
        watch.send("Network.enable")
        watch.on("Network.responseReceived", lambda told: named.update({told["requestId"]: told["response"]["url"]}))
        watch.on(
            "Network.loadingFinished",
            lambda told: weight.update({named.get(told["requestId"], ""): int(told["encodedDataLength"])}),
        )
        page.goto(address, wait_until="load")
        return page, weight, complaints

    yield open_page
    for context in contexts:
        context.close()


def look(opened: Callable[..., tuple[Page, dict[str, int], list[str]]], address: str) -> list[str]:
    """What is wrong with a page."""
    wrong: list[str] = []
    page, weight, complaints = opened(address, viewport={"width": 360, "height": 800}, color_scheme="light")
    shift = page.evaluate(SHIFTS)
    total = sum(size for name, size in weight.items() if not ON_DEMAND.search(name))
    if total > FIRST_VIEW_BYTES:
        wrong.append(f"{total} bytes")
    if shift >= LAYOUT_SHIFT:
        wrong.append(f"layout shift {shift:.3f}")
    for width, scheme in ((360, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options=WCAG).response["violations"]
        wrong += [f"{scheme} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    page.set_viewport_size({"width": 320, "height": 800})
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append("scrolls sideways at 320 px")
    return wrong + complaints


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_light_calm_and_clean(
    language: str, pages: dict[Kind, str], opened: Callable[..., tuple[Page, dict[str, int], list[str]]]
) -> None:
    wrong = {address: look(opened, address) for of, address in pages.items() if of[0] == language}
    assert wrong
    assert not {address: what for address, what in wrong.items() if what}
