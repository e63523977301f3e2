"""What the embedded store does when disk, file or another version lets it down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Page, Query, TemporalQuery, Window
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.connection import APPLICATION_ID, VFS
from talwerk.store.sqlite.schema import steps
from tests.contracts.cities import ALL, NOON, StandingClock, everything, key, levels, write

CLOCK = StandingClock()


def filled(path: Path, entities: int = 50) -> list[object]:
    """A closed city with some entities and values; returns what it serves."""
    store = SqliteStore.open(path, CLOCK)
    at = [NOON + n for n in range(100)]
    write(store, *(levels(at, [f"value {n} of entity {e}" for n in range(100)], f"urn:x:{e}") for e in range(entities)))
    found = [read() for read in readings(store, entities)]
    store.close()
    return found


def readings(store: SqliteStore, entities: int = 50) -> list[Callable[[], object]]:
    """Ways to read everything that the store serves."""
    return [
        lambda: everything(store),
        lambda: store.types(ALL),
        lambda: store.series(ALL),
        lambda: store.log(0),
        lambda: store.history(TemporalQuery(entities=Query(page=Page(limit=1_000))), ALL),
        *(partial(store.points, key(f"urn:x:{e}"), Window(), ALL) for e in range(entities)),
    ]


DAMAGED = object()


def answered(read: Callable[[], object]) -> object:
    """What a reading gives, or that it reports a damage."""
    try:
        return read()
    except DomainError as report:
        if report.fault is Fault.INTERNAL and "damaged" in report.detail:
            return DAMAGED
        raise


def flip(path: Path, byte: int, bit: int) -> None:
    """Turn one bit of a file round."""
    content = bytearray(path.read_bytes())
    content[byte] ^= 1 << bit
    path.write_bytes(content)


def test_the_database_keeps_checksums_and_needs_no_memory_mapping(tmp_path: Path) -> None:
    filled(tmp_path / "city.db", 1)
    assert (tmp_path / "city.db").read_bytes()[20] == 8
    connection = apsw.Connection(str(tmp_path / "city.db"), vfs=VFS)
    assert connection.pragma("application_id") == APPLICATION_ID
    assert connection.pragma("journal_mode") == "wal"
    assert int(connection.pragma("checksum_verification")) == 1
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


def test_the_writer_waits_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", CLOCK)
    assert store._writer is not None
    connection = store._writer._connection
    assert [connection.pragma(name) for name in ("synchronous", "mmap_size", "journal_mode")] == [2, 0, "wal"]
    store.close()


@pytest.mark.parametrize("part", range(24))
def test_a_flipped_bit_is_reported_and_never_served(tmp_path: Path, part: int) -> None:
    path = tmp_path / "city.db"
    right = filled(path)
    pages = path.stat().st_size // 4096
    # Another page and another place within it each time.
    flip(path, part * pages // 24 * 4096 + 100 + (part * 997) % 3_980, part % 8)
    if answered(lambda: SqliteStore.open(path, CLOCK).close()) is DAMAGED:
        return
    store = SqliteStore.open(path, CLOCK)
    answers = [answered(read) for read in readings(store)]
    store.close()
    assert all(answer is DAMAGED or answer == true for answer, true in zip(answers, right, strict=True))
    if DAMAGED not in answers:
        # No reading came by an empty table's page; a check of everything does.
        connection = apsw.Connection(str(path), vfs=VFS)
        with pytest.raises(apsw.IOError):
            connection.pragma("integrity_check")
        connection.close()


@pytest.mark.parametrize("byte", [0, 16, 18, 19, 20, 24, 28, 44, 60, 68, 92])
def test_a_flipped_bit_in_the_header_is_reported(tmp_path: Path, byte: int) -> None:
    path = tmp_path / "city.db"
    filled(path, 2)
    flip(path, byte, 1)
    with pytest.raises(DomainError) as refused:
        SqliteStore.open(path, CLOCK)
    assert refused.value.fault is Fault.INTERNAL


def test_a_page_that_changes_places_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path)
    content = path.read_bytes()
    middle = len(content) // 8192 * 4096
    path.write_bytes(content[:middle] + content[4096:8192] + content[middle + 4096 :])
    connection = apsw.Connection(str(path), vfs=VFS)
    # Each page is whole by itself; that it lies in the wrong place only the structure tells, one way or the other.
    try:
        findings = connection.pragma("integrity_check")
    except apsw.CorruptError:
        findings = "corrupt"
    connection.close()
    assert findings != "ok"


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    path.write_bytes(b"observedAt;value\n" * 500)
    for readonly in (False, True):
        with pytest.raises(DomainError) as refused:
            SqliteStore.open(path, CLOCK, readonly=readonly)
        assert refused.value.fault is Fault.INTERNAL
    other = apsw.Connection(str(tmp_path / "other.db"))
    other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(DomainError, match="no database of a city"):
        SqliteStore.open(tmp_path / "other.db", CLOCK)


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DomainError) as refused:
        SqliteStore.open(tmp_path / "city.db", CLOCK, readonly=True)
    assert refused.value.fault is Fault.BUSY
    with pytest.raises(DomainError) as refused:
        SqliteStore.open(tmp_path / "missing" / "city.db", CLOCK)
    assert refused.value.fault is Fault.BUSY


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path, 1)
    connection = apsw.Connection(str(path), vfs=VFS)
    newest = steps()[-1].number
    connection.pragma("user_version", newest + 1)
    connection.close()
    for readonly in (False, True):
        with pytest.raises(DomainError, match=f"has version {newest + 1}, this Talwerk knows version {newest}"):
            SqliteStore.open(path, CLOCK, readonly=readonly)


def test_a_closed_store_answers_nothing(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", CLOCK)
    store.close()
    with pytest.raises(DomainError):
        store.position()
    with pytest.raises(DomainError):
        store.apply([])


def test_a_foreign_lock_is_busy_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path, 1)
    store = SqliteStore.open(path, CLOCK, limits=Limits(busy_s=0.05))
    other = apsw.Connection(str(path), vfs=VFS)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DomainError) as refused:
        store.apply([Submission(Batch(changes=(levels([NOON], [1]),)), ALL)])
    assert refused.value.fault is Fault.BUSY
    other.execute("ROLLBACK")
    other.close()
    write(store, levels([NOON], [1]))
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("needs to be root, to mount a small disk")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"needs to mount a small disk: {made.stderr.decode()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def _until_full(store: SqliteStore) -> tuple[int, DomainError]:
    """Write until the disk is full: how many batches were acknowledged, and the refusal of the next."""
    for number in range(10_000):
        at = [NOON + number * 1_000 + n for n in range(500)]
        batch = Batch(changes=(levels(at, ["x" * 50] * 500),))
        try:
            (answer,) = store.apply([Submission(batch, ALL)])
        except DomainError as refused:
            return number, refused
        assert isinstance(answer, Ack)
    raise AssertionError("the disk never filled up")


def test_a_full_disk_is_reported_and_loses_nothing(small_disk: Path) -> None:
    store = SqliteStore.open(small_disk / "city.db", CLOCK)
    acknowledged, refused = _until_full(store)
    assert refused.fault is Fault.STORAGE_FULL
    assert acknowledged > 3
    assert len(store.points(key(), Window(), ALL).at) == acknowledged * 500
    assert store.position() == acknowledged
    # It goes on refusing, and reading, without harm.
    for _ in range(3):
        assert _until_full(store)[1].fault is Fault.STORAGE_FULL
    assert store.read(Query(page=Page(count=True)), ALL).total == 1
    store.close()
    verify(small_disk / "city.db", acknowledged)


def verify(path: Path, batches: int) -> None:
    """Make sure that a closed file is whole and holds so many batches of 500 values."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=VFS)
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("SELECT count(*) FROM obs").get == batches * 500
    assert connection.execute("SELECT sum(n) FROM rollup").get in (None, 0)
    connection.close()


def test_a_disk_that_became_read_only_is_reported(small_disk: Path) -> None:
    store = SqliteStore.open(small_disk / "city.db", CLOCK)
    write(store, levels([NOON], [1]))
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(DomainError) as refused:
        SqliteStore.open(small_disk / "city.db", CLOCK)
    assert refused.value.fault is Fault.BUSY
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
