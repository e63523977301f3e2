"""A started city with a source: what people and programs see of it while it answers, and when it no longer does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from talwerk import cities
from talwerk.core.instants import MINUTE, SECOND, Instant, SystemClock
from tests.recording_server import Recorded, Reply, replies, serving
from tests.served import Served, served
from tests.services.sources.workbench import RECORDING

ADDRESS = "https://hochwasserportal.nrw/lanuv/data/internet/stations"


def city(folder: Path, address: str, rhythm: str) -> Path:
    """The folder of a profile whose only source answers on this machine."""
    whole = (cities.folder("wuppertal") / cities.PROFILE).read_text()
    # Only the first of its sources: nobody asks the world from a test.
    before, _, sources = whole.partition("[[sources]]")
    text = f"{before}[[sources]]{sources.partition('[[sources]]')[0]}"
    assert ADDRESS in text
    folder.mkdir()
    (folder / cities.PROFILE).write_text(text.replace(ADDRESS, address).replace('unconfirmed = ["address"]', rhythm))
    return folder


def until(condition: Callable[[], Any], limit_s: float = 20.0) -> Any:
    """What the condition gives as soon as it is true."""
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)
    return found


def health(running: Served) -> str:
    found = running.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
    return str(found[0]["health"]) if found else ""


@pytest.fixture
def now() -> Instant:
    return SystemClock().now()


@pytest.fixture
def recorded(now: Instant) -> Iterator[Recorded]:
    with serving(replies(RECORDING, now)) as running:
        yield running


@pytest.mark.long
def test_a_gauge_is_shown_and_later_said_to_be_old(tmp_path: Path, recorded: Recorded, now: Instant) -> None:
    # The recording's newest value is five minutes old, counted from the last full minute.
    past_s = now % MINUTE // SECOND
    profile = city(tmp_path / "city", recorded.address, f"every_s = 1\nstale_s = {312 + past_s}")
    with served(tmp_path / "data", city=str(profile), feeds="live") as running:
        until(lambda: health(running) == "fresh")
        stations = {each["id"]: each for each in running.get("/api/v1/stations").json()}
        gauge = stations["urn:ngsi-ld:WaterObserved:05124000:hochwasserportal-nrw:2736510000100"]
        assert gauge["values"]["height"]["value"] == 108
        assert gauge["values"]["height"]["unit"] == "cm"
        page = running.get("/de").text
        assert "Kluserbrücke" in page
        assert "108" in page
        # The same answer over and over: nobody fails, and the value grows old.
        until(lambda: health(running) == "stale")
        recorded.fault = lambda _path, _reply: Reply(b"", 500)
        until(lambda: health(running) == "unreachable")
        assert "108" in running.get("/de").text, "the last value stays, with its age"
        # However often it was asked in that time.
        assert recorded.most_at_once == 1


@pytest.mark.parametrize("feeds", ["live", "auto"])
def test_a_city_without_network_starts_as_fast_and_says_so_once(
    feeds: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Port 9 of this machine refuses every connection.
    profile = city(tmp_path / "city", "http://127.0.0.1:9", "every_s = 1")
    began = time.monotonic()
    with served(tmp_path / "data", city=str(profile), feeds=feeds) as running:
        assert time.monotonic() - began < 10
        until(lambda: health(running) == "unreachable")
        time.sleep(3)
    told = [line for line in capfd.readouterr().err.splitlines() if "sources" in line]
    assert len(told) == 1
    assert "hochwasserportal-nrw is unreachable" in told[0]


def test_feeds_that_are_off_ask_nobody(tmp_path: Path, recorded: Recorded) -> None:
    profile = city(tmp_path / "city", recorded.address, "every_s = 1")
    with served(tmp_path / "data", city=str(profile), feeds="off") as running:
        time.sleep(2)
        assert health(running) == ""
        assert not recorded.asked
