"""The duties in a city that is up: the daily backup, the continuous copy, and what they say of themselves."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from talwerk.app import City, open_city
from talwerk.core.instants import DAY
from talwerk.processes.copies import durable
from talwerk.processes.copies.backup import unpack
from talwerk.processes.copies.continuous import ContinuousCopy, Copier
from talwerk.processes.copies.daily import DailyBackup, Plan
from talwerk.processes.copies.keep import backups_in
from talwerk.processes.copies.line import Heartbeat
from talwerk.processes.copies.state import Copies, read_state
from talwerk.processes.directory import DATABASE
from talwerk.processes.duties import Duty, on_duty
from talwerk.settings import Settings
from tests.contracts.cities import StandingClock
from tests.processes.copies.counting import SCOPE, counts, values

ROOT = Path(__file__).parents[3]


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"{what} did not happen")


def daily(city: City, place: Path, clock: StandingClock) -> tuple[DailyBackup, Copies]:
    assert city.wal is not None
    copies = Copies(city.directory)
    plan = Plan(
        city="wuppertal",
        directory=city.directory,
        place=place,
        at=time(3, 15),
        keep=(2, 0, 0),
        zone=ZoneInfo("Europe/Berlin"),
    )
    return DailyBackup(plan, city.wal, clock, copies, soon_s=0), copies


async def test_a_missed_backup_is_made_soon_and_the_state_tells(tmp_path: Path) -> None:
    clock = StandingClock()
    async with open_city(Settings(data=tmp_path / "data")) as city:
        await city.broker.write(counts(0, 1_000), SCOPE)
        duty, copies = daily(city, tmp_path / "place", clock)
        async with on_duty([duty]):
            await until(lambda: (due := copies.state().backup_due) and due > clock.time, "the backup")
        state = copies.state()
        assert state.backup == clock.time
        assert state.backup_position == city.broker.position()
        assert state.backup_error == ""
        for _ in range(4):
            clock.time += DAY
            duty.make()
        assert len(backups_in(tmp_path / "place", "wuppertal")) == 2
    assert read_state(tmp_path / "data" / "wuppertal") == copies.state()


async def test_a_backup_that_fails_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_ROOM_BYTES", 1 << 60)
    async with open_city(Settings(data=tmp_path / "data")) as city:
        duty, copies = daily(city, tmp_path / "place", StandingClock())
        async with on_duty([duty]):
            await until(lambda: copies.state().backup_error, "the failure")
        assert "MB are free" in copies.state().backup_error
        assert not (tmp_path / "place").exists()


async def copying(city: City, second: Path, every_s: float = 0.05) -> tuple[Duty, Copies]:
    assert city.wal is not None
    copies = Copies(city.directory)

    def tell(heartbeat: Heartbeat) -> None:
        copies.note(copied=heartbeat.at, copied_position=heartbeat.position)

    copier = Copier(city.wal, city.directory / DATABASE, second, "wuppertal", city.clock, tell)
    return ContinuousCopy(copier, copies, every_s), copies


async def test_the_copy_follows_the_city_and_the_end_is_in_it(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", copy_folder=tmp_path / "second")
    async with open_city(settings) as city:
        duty, copies = await copying(city, tmp_path / "second")
        async with on_duty([duty]):
            await until(lambda: copies.state().copied, "the first copy")
            for n in range(20):
                ack = await city.broker.write(counts(n * 100), SCOPE)
            await until(lambda: copies.state().copied_position == ack.position, "the last change")
            await city.broker.write(counts(2_000), SCOPE)
    (tmp_path / "x").mkdir()
    restored = unpack(tmp_path / "second", tmp_path / "x", city="wuppertal")
    assert restored.source == "continuous copy"
    assert values(tmp_path / "x" / DATABASE) == list(range(2_100))


async def test_a_hanging_place_holds_up_neither_commits_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, hanging = threading.Event(), threading.Event()
    real = os.fsync

    def hang(handle: int) -> None:
        if threading.current_thread().name == "continuous copy":
            hanging.set()
            release.wait(60)
        real(handle)

    async with open_city(Settings(data=tmp_path / "data", copy_folder=tmp_path / "second")) as city:
        duty, _ = await copying(city, tmp_path / "second")
        monkeypatch.setattr(os, "fsync", hang)
        loop = asyncio.get_running_loop()
        async with on_duty([duty]):
            await until(hanging.is_set, "the hanging")
            began_s = loop.time()
            for n in range(50):
                await city.broker.write(counts(n * 100), SCOPE)
            assert loop.time() - began_s < 10
            began_s = loop.time()
        assert loop.time() - began_s < 8
    release.set()
    await until(lambda: "continuous copy" not in {thread.name for thread in threading.enumerate()}, "the end")


FULL = """
import resource, sys, signal
from pathlib import Path
from tests.processes.copies.test_continuous import Bench
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
bench = Bench(Path(sys.argv[1]))
bench.work(2)
bench.write(20_000)
soft = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, soft[1]))
try:
    bench.copier.round()
except OSError as error:
    print("refused", error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, soft)
bench.copier.round()
assert bench.rebuilt().proof == bench.proof()
assert len(list(bench.place.glob("line-*"))) == 1
assert not list(bench.place.rglob("*.unfinished"))
print("whole")
bench.store.close()
"""


def test_a_full_place_is_told_and_the_copy_goes_on_when_it_has_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.stdout.split() == ["refused", "27", "whole"], done.stderr
