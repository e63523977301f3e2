"""A scenario that begins in a twin is seen at once, and not after the longest interval of a source."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from talwerk.core.instants import SystemClock
from talwerk.services.outgoing import Egress
from talwerk.services.sources import following
from talwerk.services.sources.duty import Sources
from talwerk.twin.pace import Pace
from talwerk.twin.server import address, listening, serving
from talwerk.twin.twin import Twin
from tests.recording_server import Recorded
from tests.recording_server import serving as recording
from tests.services.sources.test_duty import until
from tests.services.sources.workbench import KLUSE, SCOPE, WEEK_KLUSE, answers, polled, profile

KEY = "hochwasserportal-nrw"


async def test_what_a_scenario_does_is_read_when_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.05)
    clock, door = SystemClock(), listening()
    twin = Twin("wuppertal", Pace(clock))
    base = address(door)
    async with serving(twin.answer, [door], clock), polled(tmp_path, Recorded(address=base)) as bench:
        sources = Sources(
            profile(base, every_s=900), bench.broker, SCOPE, clock=clock, egress=Egress(), twin={KEY: f"{base}/{KEY}"}
        )
        running = asyncio.create_task(sources.run())
        try:
            await until(lambda: bool(bench.values(KLUSE)))
            calm = bench.values(KLUSE)[-1]
            twin.answer("PUT", "/twin/scenario/flood-2021-07")
            await until(lambda: bench.values(KLUSE)[-1] > calm + 60)
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_what_is_asked_once_a_day_is_not_asked_sooner(tmp_path: Path) -> None:
    with recording(answers()) as recorded:
        async with polled(tmp_path, recorded) as bench:
            await bench.round()
            lists, weeks = recorded.count("/stations.json"), recorded.count(WEEK_KLUSE)
            bench.poll.hasten(3_600)
            await bench.round()
            assert (recorded.count("/stations.json"), recorded.count(WEEK_KLUSE)) == (lists, weeks + 1)
