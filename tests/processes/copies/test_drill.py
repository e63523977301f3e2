"""The drill takes copies as whoever lost the disk would: also those of an earlier Talwerk, and of many entities."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from talwerk.core.change import Mode
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.backup import back_up
from talwerk.processes.copies.drill import Sources, drill
from talwerk.processes.directory import DATABASE, META, Meta
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.schema import steps
from tests.contracts.cities import ALL, NOON, StandingClock, change, levels, write
from tests.store.test_upgrade import first_version

NAME = "20260301T120000Z"


def sources(tmp_path: Path) -> Sources:
    directory = tmp_path / "data" / "wuppertal"
    return Sources(city="wuppertal", directory=directory, backups=tmp_path / "backups", second=None, scope=ALL)


def directory_with(tmp_path: Path, database: Path | None = None) -> Path:
    directory = tmp_path / "data" / "wuppertal"
    directory.mkdir(parents=True)
    (directory / META).write_bytes(msgspec.json.encode(Meta(city="wuppertal")))
    if database is not None:
        shutil.copyfile(database, directory / DATABASE)
    return directory


def test_a_backup_of_an_earlier_version_is_good_after_the_upgrade(tmp_path: Path) -> None:
    directory = directory_with(tmp_path, first_version(tmp_path))
    manifest = back_up(directory, tmp_path / "backups" / NAME, SystemClock())
    assert manifest.proof.version == 1 < steps()[-1].number
    SqliteStore.open(directory / DATABASE, StandingClock()).close()
    result = drill(sources(tmp_path), SystemClock())
    assert result.findings == ()
    (restoring,) = result.restorings
    assert restoring.compared > 10
    assert restoring.differing == 0
    assert restoring.proof == manifest.proof


def test_some_series_of_many_entities_are_compared(tmp_path: Path) -> None:
    directory = directory_with(tmp_path)
    store = SqliteStore.open(directory / DATABASE, StandingClock())
    write(store, *(levels([NOON], [n], f"urn:x:{n}") for n in range(210)))
    back_up(directory, tmp_path / "backups" / NAME, SystemClock())
    # Every other entity that is looked at has lost its value since.
    write(store, *(change(Mode.ERASE, f"urn:x:{n}") for n in range(0, 210, 20)))
    store.close()
    (restoring,) = drill(sources(tmp_path), SystemClock()).restorings
    assert (restoring.compared, restoring.differing) == (20, 10)
