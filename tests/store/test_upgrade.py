"""A city of an earlier version becomes one of this version with everything in it, or stays whole as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw
import pytest
from msgspec.structs import replace

from talwerk.core.change import Mode, Target
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, HOUR, Instant
from talwerk.core.query import Page, Query, TemporalQuery, Window
from talwerk.store import Keeping
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite import schema as schema_module
from talwerk.store.sqlite.connection import VFS, open_writer
from talwerk.store.sqlite.schema import migrate, steps, version_of
from tests.contracts.cities import ALL, LEVEL, NOON, StandingClock, change, everything, key, levels, prop, write

FROZEN = {
    1: "9c82fa01",
    2: "f7de3fa4",
}
"""The steps that cities in the field have taken already: the beginnings of their SHA-256."""
CLOCK = StandingClock()


def test_steps_that_were_released_never_change() -> None:
    folder = files("talwerk.store.sqlite").joinpath("migrations")
    found = {
        int(f.name[:4]): sha256(f.read_bytes()).hexdigest()[:8] for f in folder.iterdir() if f.name.endswith(".sql")
    }
    assert {number: found[number] for number in FROZEN} == FROZEN


def first_version(folder: Path) -> Path:
    """A city of version 1, with everything that such a file can hold: the rows of a present one in its tables."""
    present, path = folder / "present.db", folder / "city.db"
    store = SqliteStore.open(present, CLOCK)
    write(
        store, *(levels([NOON - n * HOUR for n in range(72, -1, -1)], list(range(73)), f"urn:x:{e}") for e in range(40))
    )
    write(store, change(Mode.CREATE, level=prop(1, NOON), name=prop("one", NOON - DAY)))
    write(store, levels([NOON - 5 * HOUR], [77], "urn:x:1"), change(Mode.DELETE, "urn:x:2"))
    write(store, change(Mode.ERASE, "urn:x:3"))
    write(store, replace(change(Mode.ERASE_ATTRIBUTES, "urn:x:4"), targets=(Target(attribute=LEVEL),)))
    store.close()
    old = open_writer(path, Limits())
    migrate(old, path, steps()[:1])
    old.execute("ATTACH ? AS present", (str(present),))
    tables = [str(row[0]) for row in old.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
    with old:
        for table in tables:
            if table.startswith(("geo_box", "sqlite_stat")):
                continue
            columns = ", ".join(str(row[1]) for row in old.execute(f"PRAGMA main.table_info({table})").fetchall())
            old.execute(f"DELETE FROM main.{table}")
            old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM present.{table}")
    old.execute("DETACH present")
    old.close()
    return path


def told(store: SqliteStore) -> list[Any]:
    """Everything that a city tells."""
    histories = TemporalQuery(entities=Query(page=Page(limit=1_000)))
    return [
        everything(store),
        store.history(histories, ALL),
        store.types(ALL),
        store.series(ALL),
        store.provenances(ALL),
        store.measured(ALL),
        store.nature(),
        store.position(),
        *(store.points(key(f"urn:x:{e}"), Window(), ALL) for e in range(40)),
        *(store.hours(key(f"urn:x:{e}"), Window(), ALL) for e in range(40)),
        [(entry.position, entry.entity, entry.attributes, entry.count) for entry in store.log(0)],
    ]


def copied(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), vfs=VFS, flags=apsw.SQLITE_OPEN_READONLY)


def test_a_city_of_the_first_version_has_everything_afterwards(tmp_path: Path) -> None:
    path = first_version(tmp_path)
    present = SqliteStore.open(tmp_path / "present.db", CLOCK)
    expected = told(present)
    present.close()
    store = SqliteStore.open(path, CLOCK)
    assert told(store) == expected
    # What the log of then still held of erased entities is shown to nobody.
    assert all(not entry.before and not entry.after for entry in store.log(0) if entry.entity == "urn:x:3")
    done = store.tidy(Keeping(today=Instant(NOON), raw_days=1, log_days=0), 60.0)
    assert done.values > 1_000
    assert done.scrubbed > 0
    write(store, levels([NOON + 1], [5], "urn:x:1"))
    store.close()
    backup = copied(path.with_name("city.db.v1.bak"))
    assert version_of(backup) == 1
    assert backup.pragma("integrity_check") == "ok"
    backup.close()


def test_the_backup_of_the_version_before_can_be_read_by_then(tmp_path: Path) -> None:
    path = first_version(tmp_path)
    before = copied(path)
    rows = before.execute("SELECT sid, at, val FROM obs ORDER BY sid, at").fetchall()
    before.close()
    SqliteStore.open(path, CLOCK).close()
    backup = copied(path.with_name("city.db.v1.bak"))
    assert backup.execute("SELECT sid, at, val FROM obs ORDER BY sid, at").fetchall() == rows
    backup.close()


def test_without_room_for_the_backup_nothing_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = first_version(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(schema_module, "_SPARE_BYTES", 2**60)
    with pytest.raises(DomainError) as refused:
        SqliteStore.open(path, CLOCK)
    assert refused.value.fault is Fault.STORAGE_FULL
    assert "Nothing was changed" in refused.value.detail
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.bak*"))
    monkeypatch.undo()
    SqliteStore.open(path, CLOCK).close()


_INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from talwerk.store.sqlite import Limits
from talwerk.store.sqlite.connection import open_writer
from talwerk.store.sqlite.schema import Step, migrate, steps

path, moment = Path(sys.argv[1]), sys.argv[2]
connection = open_writer(path, Limits())
connection.create_scalar_function("die", lambda: os.kill(os.getpid(), signal.SIGKILL))
slow = "UPDATE obs SET val = -1; INSERT INTO erasing VALUES (1, 1, 1);"
if moment == "at the end":
    step = Step(2, "slow", steps()[1].sql + slow + "SELECT die();")
elif moment == "in the middle":
    step = Step(2, "slow", "UPDATE obs SET val = iif(sid = 20, die(), -1);")
else:
    import talwerk.store.sqlite.schema as schema
    schema.copy_pages = lambda source, part: (part.write_bytes(b"half"), os.kill(os.getpid(), signal.SIGKILL))
    step = steps()[1]
migrate(connection, path, (steps()[0], step))
"""


@pytest.mark.parametrize("moment", ["during the backup", "in the middle", "at the end"])
def test_an_interrupted_upgrade_leaves_the_old_version_whole(tmp_path: Path, moment: str) -> None:
    path = first_version(tmp_path)
    present = SqliteStore.open(tmp_path / "present.db", CLOCK)
    expected = told(present)
    present.close()
    killed = subprocess.run([sys.executable, "-c", _INTERRUPTED, str(path), moment], check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    connection = copied(path)
    assert version_of(connection) == 1
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("SELECT count(*) FROM obs WHERE val = -1").get == 0
    connection.close()
    store = SqliteStore.open(path, CLOCK)
    assert told(store) == expected
    store.close()


def test_a_newer_city_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    SqliteStore.open(path, CLOCK).close()
    connection = open_writer(path, Limits())
    connection.pragma("user_version", 99)
    connection.close()
    openings: list[Callable[[], object]] = [
        lambda: SqliteStore.open(path, CLOCK),
        lambda: SqliteStore.open(path, CLOCK, readonly=True),
    ]
    for opening in openings:
        with pytest.raises(DomainError) as refused:
            opening()
        assert "has version 99, this Talwerk knows version" in refused.value.detail
        assert "restore a backup" in refused.value.detail
