"""The twin over real HTTP: every connector reads what it answers, faults and scenarios can be switched."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from talwerk import cities
from talwerk.core.instants import DAY, MINUTE, Instant, SystemClock, instant_or_none
from talwerk.core.quality import Mark, mark_of
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.fetching import Patience
from talwerk.services.sources.state import Health
from talwerk.twin.faults import KINDS
from talwerk.twin.pace import Pace
from talwerk.twin.replies import moved
from talwerk.twin.responders import responders
from talwerk.twin.scenario import known, load
from talwerk.twin.server import address, listening, serving
from talwerk.twin.twin import Twin
from tests.recording_server import Recorded
from tests.services.sources.workbench import BUCHENHOFEN, KLUSE, polled, profile

KEY = "hochwasserportal-nrw"


@asynccontextmanager
async def answering(city: str = "wuppertal", **more: object) -> AsyncIterator[tuple[Twin, str]]:
    clock = SystemClock()
    twin = Twin(city, Pace(clock), **more)  # type: ignore[arg-type]
    door = listening()
    base = address(door)
    async with serving(twin.answer, [door], clock):
        yield twin, base


async def get(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
        return await client.get(url, headers={name.replace("_", "-"): text for name, text in headers.items()})


async def test_what_has_not_changed_is_not_sent_again() -> None:
    async with answering() as (_, base):
        first = await get(f"{base}/{KEY}/stations.json")
        assert first.status_code == 200
        assert {"etag", "last-modified", "date", "content-length"} <= set(first.headers)
        for condition in (
            {"if_none_match": first.headers["etag"]},
            {"if_modified_since": first.headers["last-modified"]},
        ):
            again = await get(f"{base}/{KEY}/stations.json", **condition)
            assert (again.status_code, again.content) == (304, b"")
        assert (await get(f"{base}/{KEY}/stations.json", if_none_match='"x"')).status_code == 200


async def test_a_week_ends_now_and_has_no_gap() -> None:
    async with answering() as (twin, base):
        week = (await get(f"{base}/{KEY}/100/{KLUSE}/S/week.json")).json()[0]["data"]
        stamps = [instant_or_none(stamp) or 0 for stamp, _ in week]
        assert {later - earlier for earlier, later in itertools.pairwise(stamps)} == {15 * MINUTE}
        assert len(week) in {672, 673, 671}
        assert SystemClock().now() - stamps[-1] < 20 * MINUTE
        assert twin.manner(twin.sources[KEY]) == "simulated"


@pytest.mark.parametrize(
    "path", ["/", "/nobody/x", f"/{KEY}/nothing", f"/{KEY}/100/999/S/week.json", "/twin/x", "/%2e%2e/x"]
)
async def test_what_there_is_not_is_said(path: str) -> None:
    async with answering() as (_, base):
        answer = await get(base + path)
        assert answer.status_code == 404
        assert answer.json()["detail"]


async def test_pages_of_others_steer_nothing() -> None:
    async with answering() as (twin, base):
        async with httpx2.AsyncClient(trust_env=False) as client:
            for headers in ({"origin": "https://example.org"}, {"host": "example.org:80"}):
                answer = await client.put(f"{base}/twin/fault/{KEY}/500", headers=headers)
                assert answer.status_code == 403
        assert twin.state().faults == {}


@pytest.mark.parametrize(
    "request_", [b"x\r\n\r\n", b"GET / HTTP/1.1\r\nhost: localhost:1\r\ncontent-length: 5\r\n\r\nabcde"]
)
async def test_strange_requests_are_refused(request_: bytes) -> None:
    async with answering() as (_, base):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        writer.write(request_)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        assert await reader.read() is not None
        writer.close()


async def test_a_scenario_begins_when_it_is_played() -> None:
    async with answering() as (twin, base):
        calm = twin.simulated.level_cm(twin.land.gauge(KEY, KLUSE), SystemClock().now())
        async with httpx2.AsyncClient(trust_env=False) as client:
            state = (await client.put(f"{base}/twin/scenario/flood-2021-07")).json()
            assert state["scenario"] == "flood-2021-07"
            assert (await client.put(f"{base}/twin/scenario/nothing")).status_code == 404
        now = SystemClock().now()
        assert twin.simulated.level_cm(twin.land.gauge(KEY, KLUSE), now) > calm + 60
        alerts = (await get(f"{base}/dwd-warnungen/alerts?lat=51&lon=7")).json()["alerts"]
        assert [alert["severity"] for alert in alerts] == ["extreme"]
        assert all("keine echte Warnung" in alert["headline_de"] for alert in alerts)


async def test_sources_fail_as_the_scenario_wants() -> None:
    clock = SystemClock()
    pace = Pace(clock)
    twin = Twin("wuppertal", pace, playing="outage")
    path = f"/{KEY}/stations.json"
    assert twin.answer("GET", path).status == 200
    pace.now = lambda: Instant(clock.now() + 12 * MINUTE)  # type: ignore[method-assign]
    assert twin.answer("GET", path).status == 500
    pace.now = lambda: Instant(clock.now() + 22 * MINUTE)  # type: ignore[method-assign]
    assert twin.answer("GET", path).status == 200


def test_time_runs_as_fast_as_wanted() -> None:
    class Standing(SystemClock):
        passed_s = 0.0

        def monotonic_s(self) -> float:
            return self.passed_s

    clock = Standing()
    start = Instant(1_626_000_000_000_000)
    pace = Pace(clock, start, speed=60)
    clock.passed_s = 2.0
    assert pace.now() == start + 2 * MINUTE


@pytest.mark.parametrize("city", cities.available())
def test_every_scenario_can_be_read(city: str) -> None:
    assert {"normal-day", "heat-week", "outage"} <= set(known(city))
    for name in known(city):
        scenario = load(name, city)
        assert scenario.title["de"]
        assert all(span.start < span.end for span in scenario.spans)


def test_stamps_move_and_other_numbers_stay() -> None:
    recorded = instant_or_none("2026-01-14T12:20:00Z") or 0
    text = (
        b'["2026-01-14T13:00:00.000+01:00", "2026-01-14 11:00:00", 1768392900000, 1768392900, 2736510000100, "x2026"]'
    )
    later = moved(text, DAY, recorded)
    assert json.loads(later) == [
        "2026-01-15T13:00:00.000+01:00", "2026-01-15 11:00:00", 1768479300000, 1768479300, 2736510000100, "x2026",
    ]  # fmt: skip
    assert moved(later, -DAY, recorded + DAY) == text


def test_every_responder_is_of_a_connector_that_there_is() -> None:
    assert set(responders()) <= set(discover())


QUICK = Patience(connect_s=3.0, read_s=3.0, whole_s=5.0, gap_s=0.0)
PATIENT = Patience(connect_s=20.0, read_s=20.0, whole_s=60.0, gap_s=0.0)
HARMLESS = {"duplicates", "out-of-order"}
UNREACHABLE = {"time-out", "slow-drip", "reset", "500", "404", "redirect-loop"}


@pytest.mark.parametrize("kind", KINDS)
async def test_under_every_fault_a_source_says_how_it_is_and_comes_back(kind: str, tmp_path: Path) -> None:
    async with answering() as (twin, base):
        twin.answer("PUT", f"/twin/fault/{KEY}/{kind}")
        recorded = Recorded(address=f"{base}/{KEY}")
        patience = QUICK if kind in UNREACHABLE else PATIENT
        async with polled(tmp_path, recorded, city=profile(recorded.address), patience=patience) as bench:
            await bench.round()
            state = bench.poll.state
            if kind in HARMLESS:
                assert state.health is Health.FRESH
                assert len(bench.values(KLUSE)) > 600
            elif kind == "future-stamps":
                assert mark_of(bench.points(KLUSE).quality[-1]) & Mark.FUTURE
                assert state.newest is not None
                assert state.newest < SystemClock().now() + 10 * MINUTE
            elif kind in UNREACHABLE:
                assert state.health is Health.UNREACHABLE
                assert state.error
            else:
                assert state.health in {Health.MALFORMED, Health.SILENT, Health.STALE}
            twin.answer("DELETE", f"/twin/fault/{KEY}")
            bench.clock.ahead_s += DAY / 1_000_000
            await bench.round()
            assert bench.poll.state.health is Health.FRESH
            assert len(bench.values(BUCHENHOFEN)) > 600
