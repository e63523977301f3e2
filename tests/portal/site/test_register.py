"""A city of very many series has no directory, and pages that tell what matters all the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from talwerk.portal.point import turning
from talwerk.portal.site import register
from talwerk.portal.site.register import Registers, last_part
from talwerk.privacy.policy import system_scope
from tests.portal.workbench import BRIDGE, DAM, StandingClock, site

SCOPE = system_scope("test")
STATION = re.compile(r"<h2>([^<]+)</h2>")


async def test_a_register_asks_for_what_is_wanted(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        await here.observe([100.0])
        registers = Registers(here.city.broker, StandingClock())
        first = registers.current(SCOPE)
        assert registers.current(SCOPE) is first
        assert [series.entity for series in first.of(BRIDGE)] == [BRIDGE]
        assert first.of(DAM) == ()
        assert (first.total.series, first.total.entities) == (1, 1)
        await here.observe([50.0], DAM)
        later = registers.current(SCOPE)
        assert [series.entity for series in later.of(DAM)] == [DAM]
        directory = later.directory()
        assert directory is not None
        assert {series.entity for series in directory.series} == {BRIDGE, DAM}
        assert later.station("urn:ngsi-ld:Thing:unknown-7") == "unknown-7"


async def test_a_page_does_not_wait_for_the_directory_of_a_large_city(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "AT_ONCE", 0)
    async with site(tmp_path) as here:
        await here.observe([100.0])
        current = Registers(here.city.broker, StandingClock()).current(SCOPE)
        assert current.directory() is None
        assert current.directory(wait=True) is not None


async def test_without_a_directory_every_page_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "DIRECTORY_MAX", 0)
    monkeypatch.setattr(turning, "ENTITIES", 1)
    async with site(tmp_path) as here:
        await here.observe([100.0])
        await here.observe([50.0], DAM)
        for path in ("/de", "/de/karte", "/de/themen", "/de/themen/umwelt", "/de/daten", "/de/schnittstellen"):
            assert (await here.get(path)).status_code == 200, path
        first, second = [(await here.get(f"/de/messstellen?seite={page}")).text for page in (1, 2)]
        assert len(STATION.findall(first)) == len(STATION.findall(second)) == 1
        assert STATION.findall(first) != STATION.findall(second)
        assert 'rel="next"' in first
        assert 'rel="next"' not in second
        assert (await here.get(f"/de/messstellen?seite={turning.PAGES_MAX + 1}")).status_code == 404
        assert (await here.get("/de/messstellen?zustand=raised")).status_code == 200


async def test_without_a_directory_a_place_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "DIRECTORY_MAX", 0)
    async with site(tmp_path) as here:
        for number, name in enumerate(("Alter Hof", "Hofaue (Nord)", "Laurentiusplatz")):
            entity = f"urn:ngsi-ld:NoiseLevelObserved:n{number}"
            await here.observe([50.0 + number], entity, "LAeq", unit="P1")
            await here.name(entity, name)
        for asked, found in (("hof", 2), ("(NORD) hof", 1), ("hof nirgends", 0), (".*", 0)):
            page = (await here.visitor.get("/de/messstellen", params={"suche": asked})).text
            assert len(STATION.findall(page)) == found, asked


def test_the_telling_part_of_a_name() -> None:
    assert last_part("https://example.org/things#depth") == "depth"
    assert last_part("urn:ngsi-ld:WaterObserved:bridge") == "bridge"
    assert last_part("plain") == "plain"
