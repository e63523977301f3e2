"""Every page in every language, and which language a visitor gets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.site.addresses import Addresses
from talwerk.portal.site.languages import preferred
from talwerk.texts import EASY, catalogue
from tests.portal.workbench import Site, site


@pytest.mark.parametrize(
    "accepted, language",
    [
        ("", "de"),
        ("en", "en"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr", "de"),
        ("fr,en;q=0.3", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
        ("de;q=0", "en"),
        ("de;q=0,*;q=0.1", "en"),
        ("*", "de"),
        ("en;q=nan", "de"),
        ("en;q=inf", "de"),
        ("en;q=7", "de"),
        ("en;q=", "en"),
        ("EN-us", "en"),
        ("leicht", "de"),
    ],
)
def test_the_browser_s_language_wins(accepted: str, language: str) -> None:
    assert preferred(accepted, ("de", "en", EASY)) == language


@given(st.text(max_size=400))
def test_any_header_gives_a_language_that_is_spoken(accepted: str) -> None:
    assert preferred(accepted, ("de", "en", EASY)) in {"de", "en"}


@given(st.sampled_from(["de", "en"]), st.integers(1, 1000), st.integers(1, 1000))
def test_the_greater_weight_wins(first: str, one: int, other: int) -> None:
    second = "en" if first == "de" else "de"
    header = f"{first};q={one / 1000:.3f}, {second};q={other / 1000:.3f}"
    wanted = "de" if one == other else first if one > other else second
    assert preferred(header, ("de", "en")) == wanted


async def test_the_first_address_leads_to_the_browser_s_language(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        answer = await one.get("/", **{"accept-language": "en;q=0.9"})
        assert (answer.status_code, answer.headers["location"]) == (307, "/en")
        assert "accept-language" in answer.headers["vary"].lower()


async def test_every_page_is_there_in_both_languages(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        await one.observe([100.0, 101.0])
        seen = await pages_of(one, "/de")
        assert len(seen) > 20
        for path, answer in seen.items():
            other = alternates(answer.text)["en"]
            assert '<html lang="de"' in answer.text, path
            english = await one.get(other)
            assert english.status_code == 200, (path, other)
            assert '<html lang="en"' in english.text, other
            assert english.headers["content-language"] == "en"
            assert alternates(english.text)["de"] == path, other
            assert f'href="{path}"' in html.unescape(english.text), f"{other} has no switch"


async def test_an_error_speaks_the_language_of_its_address(tmp_path: Path) -> None:
    async with site(tmp_path) as one:
        assert "Diese Seite gibt es nicht." in await one.text("/de/gibt-es-nicht", 404)
        answer = await one.get("/en/does-not-exist")
        assert answer.status_code == 404
        assert "This page does not exist." in answer.text
        assert alternates(answer.text) == {"de": "/de"}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 415, 500, 503])
def test_every_error_has_words_and_a_next_step(status: int) -> None:
    for language in ("de", "en"):
        texts = catalogue(language)
        assert texts.text(f"error.{status}.title").endswith(".")
        assert texts.text(f"error.{status}.text").endswith(".")


async def pages_of(one: Site, start: str, most: int = 40) -> dict[str, httpx2.Response]:
    """Pages by address, found by following links from a start page."""
    found: dict[str, httpx2.Response] = {}
    waiting = [start]
    while waiting and len(found) < most:
        path = waiting.pop(0)
        # The crisis page is made by the engine, which is no part of this city.
        if path in found or path == Addresses(catalogue("de")).path("crisis"):
            continue
        answer = await one.get(path)
        if answer.status_code in {307, 308} or not answer.headers["content-type"].startswith("text/html"):
            continue
        assert answer.status_code == 200, path
        found[path] = answer
        waiting += sorted(inner(answer.text, start))
    return found


def inner(text: str, start: str) -> Iterable[str]:
    hrefs = (html.unescape(href).partition("#")[0] for href in re.findall(r'<a [^>]*href="([^"]*)"', text))
    return {href for href in hrefs if href == start or href.startswith(f"{start}/")}


def alternates(text: str) -> dict[str, str]:
    links = re.findall(r'<link rel="alternate" hreflang="(\w+)" href="([^"]*)">', text)
    return {language: html.unescape(href) for language, href in links if language in {"de", "en"}}
