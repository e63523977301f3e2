"""Backups are made under load, proven, and come back whole; what is damaged or foreign is refused."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from talwerk.app import City, open_city
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.backup import back_up, restore
from talwerk.processes.directory import DATABASE
from talwerk.settings import Settings
from talwerk.store.sqlite import wal as wal_module
from talwerk.store.sqlite.wal import Follower, Wal
from tests.contracts.cities import StandingClock
from tests.processes.copies.counting import SCOPE, counts, written


@pytest.mark.parametrize("by", ["the engine", "another process"])
async def test_a_backup_under_load_holds_one_state_and_comes_back(tmp_path: Path, by: str) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        acknowledged = 0
        busy, finished = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            nonlocal acknowledged
            while not finished.is_set():
                await city.broker.write(counts(acknowledged), SCOPE)
                acknowledged += 100
                if acknowledged == 2_000:
                    busy.set()

        writer = asyncio.create_task(write())
        await busy.wait()
        before = acknowledged
        wal = city.wal if by == "the engine" else None
        manifest = await asyncio.to_thread(back_up, city.directory, tmp_path / "backup", SystemClock(), wal=wal)
        after = acknowledged
        finished.set()
        await writer
    assert after > before, "the city went on writing meanwhile"
    restored = Settings(data=tmp_path / "restored")
    restore(tmp_path / "backup", restored.data / "wuppertal", SystemClock(), city="wuppertal")
    values = await written(restored)
    assert values == list(range(len(values)))
    assert before <= len(values) <= after + 100
    assert len(values) % 100 == 0
    assert manifest.proof.observations == len(values)


async def test_backups_beside_heavy_writing_succeed_at_the_first_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log begins anew again and again, also between the moment when it was written back and the next commit."""
    monkeypatch.setattr(wal_module, "DUE_PAGES", 5)
    async with open_city(Settings(data=tmp_path / "data")) as city:
        finished = asyncio.Event()

        async def write() -> int:
            n = 0
            while not finished.is_set():
                await city.broker.write(counts(n, 500), SCOPE)
                n += 500
            return n

        writer = asyncio.create_task(write())
        made = []
        with caplog.at_level(logging.INFO):
            for number in range(12):
                target = tmp_path / f"backup-{number}"
                made.append(await asyncio.to_thread(back_up, city.directory, target, SystemClock(), wal=city.wal))
        finished.set()
        acknowledged = await writer
    held = [manifest.proof.observations for manifest in made]
    assert held == sorted(held)
    assert all(found % 500 == 0 for found in held)
    assert 0 < held[-1] <= acknowledged
    assert "begins anew" not in caplog.text


def wal_of(city: City) -> Wal:
    assert city.wal is not None
    return city.wal


@pytest.mark.parametrize("overtaken", [True, False], ids=["the city was faster", "another hand"])
async def test_only_a_city_that_was_faster_is_copied_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, overtaken: bool
) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        await city.broker.write(counts(0, 5_000), SCOPE)
        followers: list[Follower] = []
        wal = wal_of(city)
        follow = wal.follow

        def lost_at_first() -> Follower:
            follower = follow()
            followers.append(follower)
            if len(followers) < 3:
                wal._lose(follower, "the log began anew", overtaken=overtaken)
            return follower

        monkeypatch.setattr(wal, "follow", lost_at_first)
        if overtaken:
            manifest = back_up(city.directory, tmp_path / "backup", SystemClock(), wal=city.wal)
            assert manifest.proof.observations == 5_000
            assert len(followers) == 3
            return
        with pytest.raises(DomainError, match="the log began anew") as caught:
            back_up(city.directory, tmp_path / "backup", SystemClock(), wal=city.wal)
        assert caught.value.fault is Fault.BUSY
        assert len(followers) == 1
        assert names_in(tmp_path) == ["data"]


async def test_a_city_that_stays_faster_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        wal = wal_of(city)
        follow, attempts = wal.follow, []

        def always_lost() -> Follower:
            follower = follow()
            attempts.append(follower)
            wal._lose(follower, "the log reached its limit", overtaken=True)
            return follower

        monkeypatch.setattr(wal, "follow", always_lost)
        with pytest.raises(DomainError, match="could not keep up"):
            back_up(city.directory, tmp_path / "backup", SystemClock(), wal=city.wal)
        assert 1 < len(attempts) < 10
        assert names_in(tmp_path) == ["data"]


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        await city.broker.write(counts(0, 5_000), SCOPE)
        back_up(city.directory, tmp_path / "backup", SystemClock())
    return tmp_path / "backup"


async def test_data_that_are_there_are_refused_or_moved_aside(backup: Path, tmp_path: Path) -> None:
    directory = tmp_path / "data" / "wuppertal"
    with pytest.raises(DomainError, match="holds data already") as caught:
        restore(backup, directory, SystemClock(), city="wuppertal")
    assert caught.value.fault is Fault.ALREADY_EXISTS
    restore(backup, directory, SystemClock(), city="wuppertal", replace=True)
    assert len(await written(Settings(data=tmp_path / "data"))) == 5_000
    (aside,) = directory.glob("replaced-*")
    assert (aside / DATABASE).is_file()


async def test_two_restores_within_a_second_each_keep_what_they_replace(backup: Path, tmp_path: Path) -> None:
    directory = tmp_path / "data" / "wuppertal"
    clock = StandingClock()
    for _ in range(3):
        restore(backup, directory, clock, city="wuppertal", replace=True)
    assert len([folder for folder in directory.glob("replaced-*") if (folder / DATABASE).is_file()]) == 3


async def test_positions_go_on_behind_what_was_given_up(backup: Path, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    async with open_city(settings) as city:
        await city.broker.write(counts(5_000, 10), SCOPE)
        given_up = (await city.broker.write(counts(5_010, 10), SCOPE)).position
    restore(backup, tmp_path / "data" / "wuppertal", SystemClock(), city="wuppertal", replace=True)
    async with open_city(settings) as city:
        assert (await city.broker.write(counts(6_000, 10), SCOPE)).position > given_up
    assert len(await written(settings)) == 5_010


async def test_a_copy_gives_way_before_the_log_is_full(tmp_path: Path) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        for n in range(2):
            await city.broker.write(counts(n * 100_000, 100_000), SCOPE)
        with pytest.raises(DomainError, match="given up") as caught:
            back_up(city.directory, tmp_path / "backup", SystemClock(), log_bytes_max=1_000_000)
    assert caught.value.fault is Fault.BUSY
    assert names_in(tmp_path) == ["data"]


@pytest.mark.parametrize("by", ["the engine", "another process"])
async def test_a_large_city_whose_log_was_not_written_back_yet(tmp_path: Path, by: str) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        for n in range(4):
            await city.broker.write(counts(n * 100_000, 100_000), SCOPE)
        wal = city.wal if by == "the engine" else None
        manifest = back_up(city.directory, tmp_path / "backup", SystemClock(), wal=wal)
    assert manifest.proof.observations == 400_000


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_is_three_files(backup: Path) -> None:
    assert names_in(backup) == [DATABASE, "manifest.json", "meta.json"]


@pytest.mark.parametrize("at", [100, 20_000, 50_000])
async def test_a_flipped_bit_in_a_backup_is_found(backup: Path, tmp_path: Path, at: int) -> None:
    content = bytearray((backup / DATABASE).read_bytes())
    content[at] ^= 1
    (backup / DATABASE).write_bytes(content)
    with pytest.raises(DomainError, match="damaged"):
        restore(backup, tmp_path / "restored", SystemClock(), city="wuppertal")
    assert not (tmp_path / "restored" / DATABASE).exists()


async def test_a_damaged_city_is_not_backed_up(backup: Path, tmp_path: Path) -> None:
    database = tmp_path / "data" / "wuppertal" / DATABASE
    content = bytearray(database.read_bytes())
    content[50_000] ^= 1
    database.write_bytes(content)
    with pytest.raises(DomainError, match="damaged"):
        back_up(database.parent, tmp_path / "second", SystemClock())
    assert not (tmp_path / "second").exists()


async def test_a_running_city_another_city_and_no_backup_are_refused(backup: Path, tmp_path: Path) -> None:
    async with open_city(Settings(data=tmp_path / "data")) as city:
        with pytest.raises(DomainError, match="stop it") as caught:
            restore(backup, city.directory, SystemClock(), city="wuppertal", replace=True)
        assert caught.value.fault is Fault.BUSY
    with pytest.raises(DomainError, match="not of 'solingen'"):
        restore(backup, tmp_path / "other", SystemClock(), city="solingen")
    with pytest.raises(DomainError, match="no backup and no continuous copy"):
        restore(tmp_path, tmp_path / "other", SystemClock(), city="wuppertal")
    with pytest.raises(DomainError, match="exists already"):
        back_up(tmp_path / "data" / "wuppertal", backup, SystemClock())
