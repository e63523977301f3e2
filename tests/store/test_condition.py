"""The embedded store's condition: its write-ahead log, and what the writer met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from talwerk.core.change import Batch
from talwerk.core.errors import DomainError
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.condition import wal_bytes_in_use
from talwerk.store.sqlite.connection import VFS
from tests.contracts.cities import ALL, NOON, StandingClock, levels, write


def frames(path: Path) -> int:
    """What SQLite itself counts, with a connection of its own."""
    connection = apsw.Connection(str(path), vfs=VFS)
    rows: list[Any] = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchall()
    connection.close()
    return int(rows[0][1])


def test_only_the_present_round_of_the_wal_counts(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    assert wal_bytes_in_use(path) == 0
    store = SqliteStore.open(path, StandingClock())
    page = 4096 + 24
    for number in range(20):
        write(store, levels([NOON + n for n in range(1_000 * number, 1_000 * number + 1_000)], [1] * 1_000))
    grown = store.condition().wal_bytes
    assert grown == 32 + frames(path) * page
    other = apsw.Connection(str(path), vfs=VFS)
    other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    other.close()
    # The file stays as long as it was, and begins anew.
    write(store, levels([NOON - 1], [1]))
    assert path.with_name("city.db-wal").stat().st_size >= grown
    assert store.condition().wal_bytes == 32 + frames(path) * page
    assert store.condition().wal_bytes < grown / 2
    store.close()


def test_what_the_writer_met_is_told_until_it_writes_again(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    store = SqliteStore.open(path, StandingClock(), limits=Limits(busy_s=0.1))
    write(store, levels([NOON], [1]))
    blocker = apsw.Connection(str(path), vfs=VFS)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(DomainError):
        store.apply([Submission(Batch(changes=(levels([NOON + 1], [2]),)), ALL)])
    met = store.condition()
    assert not met.writable
    assert "another writer" in met.trouble
    blocker.execute("ROLLBACK")
    blocker.close()
    write(store, levels([NOON + 1], [2]))
    assert store.condition().writable
    store.close()
