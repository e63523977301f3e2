"""Backups are made under load, proven, and come back whole; what is damaged or foreign is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from talwerk.app import open_city
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.backup import back_up, restore
from talwerk.processes.directory import DATABASE
from talwerk.settings import Settings
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
