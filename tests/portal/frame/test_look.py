"""A city's own colours: everything stays readable, and the stylesheet replaces tokens only."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from talwerk import cities
from talwerk.cli.check_city import check_city
from talwerk.portal.frame.look import CONTRAST_MIN, PAIRS, colours_of, contrast, look_css, unreadable
from talwerk.sdk.look import Look
from tests.portal.about.test_about import folder
from tests.portal.workbench import site


@pytest.mark.parametrize("key", cities.available())
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_foreground_reads_on_every_ground_of_every_city(key: str, scheme: str) -> None:
    colours = colours_of(cities.load(key).look)[scheme]
    for front, ground in PAIRS:
        assert contrast(colours[front], colours[ground]) >= CONTRAST_MIN, (front, ground)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


def test_cities_do_not_look_alike() -> None:
    looks = [msgspec.json.encode(cities.load(key).look) for key in cities.available()]
    assert len(set(looks)) == len(looks)


def test_a_colour_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert any("ink on paper" in told for told in unreadable(Look(light={"ink": "#bbbbbb"})))
    flaws = check_city(folder(tmp_path, '[look]\nlight = { green = "#8fd0a0" }\n')).flaws
    assert any(flaw.startswith("look: light: green on paper has a contrast of 1.") for flaw in flaws)


def test_each_scheme_has_its_own_colours() -> None:
    css = look_css(Look(light={"green": "#112233"}, dark={"green": "#ddeeff"})).decode()
    assert re.findall(r"@media ([^{]+)\{:root\{([^}]*)\}\}", css) == [
        ("not all and (prefers-color-scheme: dark)", "--green:#112233;"),
        ("(prefers-color-scheme: dark)", "--green:#ddeeff;"),
    ]
    assert look_css(Look()) == b""


async def test_pages_load_the_city_s_colours_after_the_portal_s(tmp_path: Path) -> None:
    async with site(tmp_path / "data", "solingen") as one:
        text = (await one.get("/de")).text
        portal, own = (re.search(rf'href="([^"]*/{name})"', text) for name in ("talwerk.css", "stadt.css"))
        assert portal is not None
        assert own is not None
        assert portal.start() < own.start()
        answer = await one.get(own[1])
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content == look_css(one.city.profile.look)


async def test_a_city_without_colours_of_its_own_loads_none(tmp_path: Path) -> None:
    async with site(tmp_path / "data", folder(tmp_path)) as one:
        assert "stadt.css" not in (await one.get("/de")).text
