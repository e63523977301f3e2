"""The schema goes forward step by step, each whole, after a backup of what is there."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.connection import VFS, open_writer
from talwerk.store.sqlite.schema import Step, migrate, steps, version_of
from tests.contracts.cities import NOON, StandingClock, levels, write

CLOCK = StandingClock()
FIRST = steps()[-1].number
MORE = (
    *steps(),
    Step(FIRST + 1, "lamps", "CREATE TABLE lamp (a INTEGER PRIMARY KEY); INSERT INTO lamp VALUES (1), (2);"),
    Step(FIRST + 2, "poles", "ALTER TABLE lamp ADD COLUMN pole INTEGER;"),
)
BROKEN = (*MORE, Step(FIRST + 3, "broken", "INSERT INTO lamp (a) VALUES (3); INSERT INTO nowhere VALUES (1);"))


def connected(path: Path) -> apsw.Connection:
    return open_writer(path, Limits())


def test_steps_are_numbered_without_gaps() -> None:
    assert [step.number for step in steps()] == list(range(1, FIRST + 1))


def test_an_empty_file_needs_no_backup(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path / "city.db", CLOCK).close()
    assert not list(tmp_path.glob("*.bak*"))


def test_every_database_has_an_identity_of_its_own(tmp_path: Path) -> None:
    found = set()
    for name in ("a.db", "b.db"):
        SqliteStore.open(tmp_path / name, CLOCK).close()
        SqliteStore.open(tmp_path / name, CLOCK).close()
        connection = connected(tmp_path / name)
        found.add(connection.execute("SELECT group_concat(value) FROM meta").get)
        connection.close()
    assert len(found) == 2


def test_a_step_forward_backs_up_first(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    store = SqliteStore.open(path, CLOCK)
    write(store, levels([NOON], [1]))
    store.close()
    connection = connected(path)
    migrate(connection, path, MORE)
    assert version_of(connection) == FIRST + 2
    assert connection.execute("SELECT count(*), max(pole) FROM lamp").fetchall() == [(2, None)]
    connection.close()
    backup = tmp_path / f"city.db.v{FIRST}.bak"
    old = apsw.Connection(str(backup), vfs=VFS, flags=apsw.SQLITE_OPEN_READONLY)
    assert version_of(old) == FIRST
    assert old.pragma("integrity_check") == "ok"
    assert old.execute("SELECT count(*) FROM obs").get == 1
    assert backup.read_bytes()[20] == 8
    old.close()
    # The backup is a city that the Talwerk of then opens.
    restored = SqliteStore.open(backup, CLOCK)
    assert restored.position() == 1
    restored.close()
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_a_broken_step_leaves_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    SqliteStore.open(path, CLOCK).close()
    connection = connected(path)
    with pytest.raises(DomainError) as failed:
        migrate(connection, path, BROKEN)
    assert failed.value.fault is Fault.INTERNAL
    assert version_of(connection) == FIRST + 2
    assert connection.execute("SELECT count(*) FROM lamp").get == 2
    connection.close()


def test_an_interrupted_creation_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    connected(path).close()
    assert path.stat().st_size > 0
    store = SqliteStore.open(path, CLOCK)
    write(store, levels([NOON], [1]))
    store.close()


def test_reading_an_unfinished_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    connected(path).close()
    with pytest.raises(DomainError):
        SqliteStore.open(path, CLOCK, readonly=True)
