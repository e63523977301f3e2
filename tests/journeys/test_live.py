"""Pages that keep themselves current, stand still when told to, and say how old they are when nothing can come."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from talwerk.core.instants import SystemClock, format_instant
from tests.journeys.conftest import Served, serving

GAUGE = "urn:ngsi-ld:WaterObserved:05124000:beispiel:kluserbruecke"
OTHER = "urn:ngsi-ld:WaterObserved:05124000:beispiel:opladen"
BRIDGE = "/de/messstelle/kluserbruecke"
# The page waits five seconds, so that a storm of changes does not make it restless.
SOON_MS = 12_000


def measure(running: Served, value: float, gauge: str = GAUGE) -> None:
    """A device's new value, now."""
    height = {"type": "Property", "value": value, "unitCode": "CMT", "observedAt": format_instant(SystemClock().now())}
    token = (running.data / "operator-token").read_text().strip()
    answer = httpx2.post(
        f"{running.address}/ngsi-ld/v1/entityOperations/upsert?options=update",
        json=[{"id": gauge, "type": "WaterObserved", "height": height}],
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 204, answer.text


def fill(running: Served, folder: Path) -> None:
    running.command("sample", "--to", str(folder))
    running.command("replay", str(folder / "sample.csv"), "--mapping", str(folder / "sample.toml"))


def figure(page: Page) -> str:
    return page.locator(".value .figure").inner_text().split()[0]


def renewals(page: Page) -> list[Request]:
    """Requests by which the page renews itself, from now on."""
    found: list[Request] = []
    page.on("request", lambda one: found.append(one) if BRIDGE in one.url and one.resource_type == "fetch" else None)
    return found


@pytest.mark.timeout(180)
def test_an_empty_page_fills_itself_and_a_gauge_keeps_current_until_it_is_paused(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path / "data") as running:
        context = browser.new_context(base_url=running.address)
        page = context.new_page()
        page.goto("/de")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text("Diese Stadt hat noch keine Messwerte.")
        # Sixty days are written at once; the page asks again when it is done.
        fill(running, tmp_path)
        expect(page.locator("#talband")).to_have_text(re.compile("Talband"), timeout=SOON_MS)

        page.goto(BRIDGE)
        status = page.locator("[data-live-control] [role=status]")
        expect(page.get_by_role("button", name="Live anhalten")).to_be_visible()
        asked = renewals(page)
        measure(running, 131)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^131"), timeout=SOON_MS)
        assert "Infostufe 1" in page.locator(".badges").inner_text().replace("Informationsstufe", "Infostufe")
        # A changed state is said, a changed number is not.
        expect(status).to_have_text("Pegel Kluserbrücke: Informationsstufe 1, 131 cm.")
        measure(running, 132)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^132"), timeout=SOON_MS)
        expect(status).to_have_text("Pegel Kluserbrücke: Informationsstufe 1, 131 cm.")
        # What this page does not show does not renew it.
        known = len(asked)
        measure(running, 55, OTHER)
        page.wait_for_timeout(7_000)
        assert len(asked) == known

        page.get_by_role("button", name="Live anhalten").press("Enter")
        expect(page.get_by_role("button", name="Live fortsetzen")).to_be_focused()
        expect(status).to_have_text(re.compile(r"^Angehalten\. Sie sehen den Stand von \d{1,2}:\d\d Uhr\.$"))
        measure(running, 133)
        page.wait_for_timeout(7_000)
        assert figure(page) == "132", "it stands still"
        page.get_by_role("button", name="Live fortsetzen").press("Enter")
        expect(page.locator(".value .figure")).to_have_text(re.compile("^133"), timeout=SOON_MS)
        context.close()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_city_that_was_away_is_named_and_nothing_is_lost(browser: Browser, tmp_path: Path) -> None:
    port = str(free_port())
    context = browser.new_context()
    page = context.new_page()
    streams: list[str] = []
    page.on("request", lambda one: streams.append(one.url) if "/api/v1/changes" in one.url else None)
    note = page.locator("[data-live-note]")
    with serving(tmp_path / "data", port=port) as running:
        fill(running, tmp_path)
        page.goto(running.address + BRIDGE)
        measure(running, 61)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^61"), timeout=SOON_MS)
        expect(note).to_be_hidden()
    lost = re.compile(r"^Verbindung unterbrochen seit \d{1,2}:\d\d Uhr\. Stand \d{1,2}:\d\d Uhr, ")
    expect(note).to_have_text(lost, timeout=20_000)
    expect(page.locator("[data-live-control] [role=status]")).to_have_text(lost)
    assert figure(page) == "61", "what was there stays"
    with serving(tmp_path / "data", port=port) as running:
        measure(running, 62)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^62"), timeout=70_000)
        expect(note).to_be_hidden()
        expect(page.locator("[data-live-control] [role=status]")).to_have_text("Die Verbindung ist wieder da.")
        # It came back to the place in the log where it was cut.
        resumed = re.search(r"after=(\d+)", streams[-1])
        assert resumed is not None
        assert int(resumed[1]) > 0
        # And is as live as before.
        measure(running, 63)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^63"), timeout=SOON_MS)
    context.close()


@pytest.mark.long
def test_a_hidden_tab_lets_go_and_comes_back_current(visit: Callable[..., Page], served: Served) -> None:
    page = visit(BRIDGE)
    expect(page.get_by_role("button", name="Live anhalten")).to_be_visible()
    streams: list[str] = []
    page.on("request", lambda one: streams.append(one.url) if "/api/v1/changes" in one.url else None)
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); "
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    measure(served, 64)
    page.wait_for_timeout(6_000)
    assert figure(page) != "64"
    page.evaluate(hide, False)
    expect(page.locator(".value .figure")).to_have_text(re.compile("^64"), timeout=3_000)
    assert len(streams) == 1
    assert "after=" in streams[0]
