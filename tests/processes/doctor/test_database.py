"""What the doctor says of a database."""

from __future__ import annotations

import contextlib
from pathlib import Path

from talwerk.core.instants import SystemClock
from talwerk.processes.doctor import Level, examine
from talwerk.processes.doctor.database import look_into
from talwerk.settings import Settings
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.connection import open_writer
from tests.contracts.cities import StandingClock


def test_data_of_a_newer_version_want_the_newer_version_and_no_restore(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    SqliteStore.open(path, StandingClock()).close()
    (fine,) = look_into(path, StandingClock(), Limits()).findings
    assert fine.level is Level.OK
    with contextlib.closing(open_writer(path, Limits())) as connection:
        connection.pragma("user_version", 999)
    (finding,) = look_into(path, StandingClock(), Limits()).findings
    assert finding.level is Level.ERROR
    assert "version 999" in finding.what
    assert finding.advice.startswith("Start the newer Talwerk")
    assert "talwerk restore" not in finding.advice


def test_a_damaged_database_wants_a_restore(tmp_path: Path) -> None:
    (tmp_path / "city.db").write_bytes(b"no database" * 1_000)
    (finding,) = look_into(tmp_path / "city.db", StandingClock(), Limits()).findings
    assert finding.level is Level.ERROR
    assert "talwerk restore" in finding.advice


async def test_a_disk_without_room_is_named_first(tmp_path: Path) -> None:
    (tmp_path / "wuppertal").mkdir()
    found = await examine(Settings(data=tmp_path, disk_reserve_mb=10**9), SystemClock(), thorough=True)
    first = found.findings[0]
    assert (first.level, first.about, "so nothing is written" in first.what) == (Level.ERROR, "disk", True)
