"""A person looks for a source: by keyboard alone, on a phone, without scripts."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 640}


def test_a_source_is_found_by_keyboard_without_scripts(visit: Visit) -> None:
    page = visit("/de/daten", java_script_enabled=False, viewport=PHONE)
    field = page.get_by_role("searchbox", name="Suchen")
    for _ in range(40):
        page.keyboard.press("Tab")
        if field.evaluate("field => field === document.activeElement"):
            break
    page.keyboard.type("umweltbundesamt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 von")
    found = page.get_by_role("link", name="Luftdaten des Umweltbundesamtes", exact=True)
    found.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Luftdaten des Umweltbundesamtes")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_zielbild_leads_to_its_themes_and_back(visit: Visit) -> None:
    page = visit("/en/themes", viewport=PHONE)
    page.get_by_role("link", name="A connected valley of many uses").click()
    page.get_by_role("link", name="IT infrastructure and networks").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IT infrastructure and networks")
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="A connected valley").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A connected valley of many uses")
