"""The map in a real Chromium: it moves, agrees with its list, works by keyboard and without script."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from talwerk.app import endpoint
from talwerk.portal.frame.static import has_vendor
from talwerk.portal.map.tiles import FILE
from talwerk.services.territory import FOLDER as TERRITORY
from tests.browsing import Visit, visiting
from tests.portal.map.places import fill, pmtiles
from tests.portal.workbench import site

pytestmark = pytest.mark.skipif(not has_vendor(), reason="the build has put no libraries in place")

STARTS_S = 20
MAP_MS = 30_000
"""Drawn by software on a machine that others use, too."""
SMALL = """() => [...document.querySelectorAll('a, button, summary, select, input[type=range]')]
    .filter(e => e.closest('main') && !e.closest('svg') && e.checkVisibility())
    .filter(e => e.getBoundingClientRect().height < 43.5)
    .map(e => e.outerHTML.slice(0, 120))"""


async def serve(folder: Path, ready: SimpleQueue[str], done: Event) -> None:
    async with site(folder) as here:
        await fill(here)
        server = uvicorn.Server(uvicorn.Config(endpoint(here.city), log_level="error", lifespan="off"))
        door = socket.create_server(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[door]))
        ready.put(f"http://localhost:{door.getsockname()[1]}")
        await asyncio.to_thread(done.wait)
        here.city.ending.set()
        server.should_exit = server.force_exit = True
        await task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city")


@pytest.fixture
def official(folder: Path) -> Path:
    return folder / "wuppertal" / TERRITORY


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    ready: SimpleQueue[str] = SimpleQueue()
    done = Event()
    thread = Thread(target=lambda: asyncio.run(serve(folder, ready, done)))
    thread.start()
    try:
        yield ready.get(timeout=STARTS_S)
    finally:
        done.set()
        thread.join()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open a page of this city; complaints of the browser fail the test."""
    with visiting(browser, address, width=1280, height=900) as open_page:
        yield open_page


def moving(page: Page) -> Page:
    expect(page.locator("[data-map-idle]")).to_be_attached(timeout=MAP_MS)
    return page


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def overflow_px(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


SHIFT = """() => new Promise(done => { let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 100); })"""


def test_the_map_moves_and_is_accessible_in_both_schemes(visit: Visit) -> None:
    page = moving(visit("/de/karte?ebene=wasser,luft,School,RestrictedTrafficArea"))
    expect(page.get_by_role("region", name=re.compile("Bewegliche Karte"))).to_be_visible()
    assert page.evaluate(SHIFT) < 0.05
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    assert page.evaluate(SMALL) == []
    for width in (320, 768):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow_px(page) == 0, width


def test_list_and_map_are_one_by_keyboard(visit: Visit) -> None:
    page = moving(visit("/de/karte", reduced_motion="reduce"))
    show = page.get_by_role("button", name="Auf der Karte zeigen: Sensor am Markt")
    show.focus()
    card = page.locator(".map-said")
    # The entry with the focus is shown, and keeps it.
    expect(card).to_contain_text("33 µg/m³")
    expect(show).to_be_focused()
    show.press("Enter")
    link = card.get_by_role("link", name="Mehr dazu: Sensor am Markt")
    expect(link).to_be_focused()
    link.press("Escape")
    expect(card).to_have_count(0)
    expect(show).to_be_focused()
    canvas = page.locator(".map-live canvas")
    canvas.focus()
    canvas.press("Enter")
    expect(card.get_by_role("link").first).to_be_focused()
    expect(page).to_have_url(re.compile(r"mitte=7\.20\d\d,51\.2\d+&zoom=13\.5"))


def test_a_choice_changes_map_list_and_address_and_can_be_taken_back(visit: Visit) -> None:
    page = moving(visit("/de/karte"))
    entries = page.locator(".map-rows > li")
    expect(entries).to_have_count(3)
    page.get_by_role("checkbox", name=re.compile("Schulen")).check()
    expect(entries).to_have_count(6)
    expect(page).to_have_url(re.compile("School"))
    expect(page.locator("[data-map-told]")).to_contain_text("6 Einträge")
    page.get_by_label("Zeitpunkt").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"zeit=2026-11-20T12:00Z"))
    expect(page.locator("[data-map-told]")).to_contain_text("Werte vom 20.11.2026")
    page.go_back()
    expect(page).not_to_have_url(re.compile("zeit="))
    expect(page).to_have_url(re.compile("School"))


def test_without_script_the_drawing_form_and_list_are_complete(visit: Visit) -> None:
    page = visit("/de/karte", java_script_enabled=False)
    expect(page.locator(".map-wide a")).to_have_count(2)
    page.get_by_role("checkbox", name=re.compile("Schulen")).check()
    page.locator("#karte-zeit").select_option(index=2)
    page.locator("#karte-form button").click()
    expect(page.locator(".map-rows > li")).to_have_count(6)
    expect(page.locator("[data-map-told]")).to_contain_text("Werte vom")


def test_the_operators_tiles_lie_below_with_their_credit(visit: Visit, official: Path) -> None:
    official.mkdir(parents=True, exist_ok=True)
    file = official / FILE
    file.write_bytes(pmtiles({"attribution": "© Landkarte"}, kind=2, tile=picture()))
    try:
        # An address of its own: the clock of this city stands still, and kept pages with it.
        page = visit("/de/karte?zoom=11&mitte=7.15,51.25")
        asked = []
        page.on("response", lambda answer: asked.append(answer.status) if "pmtiles" in answer.url else None)
        page.reload()
        moving(page)
        expect(page.locator(".map-credit")).to_have_text("© Landkarte")
        assert 206 in asked
    finally:
        file.unlink()


def picture() -> bytes:
    """A picture of one pixel (PNG)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def test_where_nothing_can_be_drawn_the_page_says_so(address: str, browser: Browser) -> None:
    context = browser.new_context(base_url=address)
    bare = context.new_page()
    bare.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
    bare.goto("/de/karte")
    expect(bare.locator(".map-note")).to_contain_text("kann hier nicht gezeigt werden", timeout=MAP_MS)
    expect(bare.locator(".map-wide a").first).to_be_visible()
    context.close()
