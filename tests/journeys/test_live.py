"""Pages that keep themselves current, and stand still when they are told to."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from talwerk.core.instants import SystemClock, format_instant
from tests.journeys.conftest import Served, serving

GAUGE = "urn:ngsi-ld:WaterObserved:05124000:beispiel:kluserbruecke"
BRIDGE = "/de/messstelle/kluserbruecke"
# The page waits five seconds, so that a storm of changes does not make it restless.
SOON_MS = 12_000


def measure(running: Served, value: float) -> None:
    """A device's new value, now."""
    height = {"type": "Property", "value": value, "unitCode": "CMT", "observedAt": format_instant(SystemClock().now())}
    token = (running.data / "operator-token").read_text().strip()
    answer = httpx2.post(
        f"{running.address}/ngsi-ld/v1/entityOperations/upsert?options=update",
        json=[{"id": GAUGE, "type": "WaterObserved", "height": height}],
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 204, answer.text


def figure(page: Page) -> str:
    return page.locator(".value .figure").inner_text().split()[0]


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
        running.command("sample", "--to", str(tmp_path))
        running.command("replay", str(tmp_path / "sample.csv"), "--mapping", str(tmp_path / "sample.toml"))
        expect(page.locator("#talband")).to_have_text(re.compile("Talband"), timeout=SOON_MS)

        page.goto(BRIDGE)
        measure(running, 131)
        expect(page.locator(".value .figure")).to_have_text(re.compile("^131"), timeout=SOON_MS)
        assert "Infostufe 1" in page.locator(".badges").inner_text().replace("Informationsstufe", "Infostufe")

        page.get_by_role("button", name="Live anhalten").press("Enter")
        expect(page.get_by_role("button", name="Live fortsetzen")).to_be_focused()
        measure(running, 132)
        page.wait_for_timeout(7_000)
        assert figure(page) == "131", "it stands still"
        page.get_by_role("button", name="Live fortsetzen").press("Enter")
        expect(page.locator(".value .figure")).to_have_text(re.compile("^132"), timeout=SOON_MS)
        context.close()
