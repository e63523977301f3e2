"""Flipped bits in the write-ahead log: what is missing is noticed, what is there is right, nothing is served wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from talwerk.core.change import Ack, Batch, Mode
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Window
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.acknowledged import DAMAGED as ASIDE
from talwerk.store.sqlite.acknowledged import SUFFIX, accept_loss, read_line
from talwerk.store.sqlite.frames import FRAME_BYTES, FRAME_HEADER_BYTES, HEADER_BYTES, NOTES
from tests.contracts.cities import ALL, NAME, NOON, StandingClock, change, everything, key, levels, one, prop, write
from tests.store.test_faults import DAMAGED, answered, flip

CLOCK = StandingClock()
BATCHES = 30


def begun(path: Path) -> None:
    """A closed city of one entity, all of it in the database file."""
    with closing(SqliteStore.open(path, CLOCK)) as store:
        write(store, levels([NOON - 1], [-1]))


def crashed(folder: Path, batches: int = BATCHES) -> Path:
    """The files of a city that lost its power after so many acknowledged batches, each a value and a name."""
    begun(folder / "city.db")
    store = SqliteStore.open(folder / "city.db", CLOCK)
    for n in range(batches):
        write(store, levels([NOON + n], [n]), change(Mode.UPDATE, name=prop(f"after {n}")))
    there = folder / "crashed"
    there.mkdir()
    for file in folder.glob("city.db*"):
        if not file.name.endswith(("-shm", ".lock")):
            shutil.copyfile(file, there / file.name)
    store.close()
    return there / "city.db"


def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def frames(path: Path) -> int:
    return (wal(path).stat().st_size - HEADER_BYTES) // FRAME_BYTES


def damage_in(part: str, path: Path, chance: random.Random) -> int:
    """A byte of the log in some part of it."""
    last = frames(path) - 1
    frame = {"header": 0, "first": 0, "last": last}.get(part, chance.randrange(last))
    at = HEADER_BYTES + frame * FRAME_BYTES
    if part == "header":
        return chance.randrange(HEADER_BYTES)
    if part == "frame header":
        return at + chance.randrange(FRAME_HEADER_BYTES)
    return at + chance.randrange(FRAME_BYTES)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("part", ["header", "first", "frame header", "page", "last"])
def test_what_a_damaged_log_lost_is_noticed(tmp_path: Path, part: str, seed: int) -> None:
    path = crashed(tmp_path)
    chance = random.Random(seed)
    flip(wal(path), damage_in(part, path, chance), chance.randrange(8))
    left = wal(path).read_bytes()
    with closing(SqliteStore.open(path, CLOCK)) as store:
        found = store.position()
        assert found < 1 + 2 * BATCHES
        assert found >= 1 + 2 * (BATCHES - 1) or part != "last"
        assert f"{1 + 2 * BATCHES - found} acknowledged changes are missing" in store.condition().trouble
        assert not store.condition().writable
        # What is there is there as a whole, and reading goes on.
        values = store.points(key(), Window(), ALL).values
        assert values == list(range(-1, (found - 1) // 2))
        with pytest.raises(DomainError, match="talwerk restore") as refused:
            store.apply([Submission(Batch(changes=(levels([NOON + 99], [99]),)), ALL)])
        assert refused.value.fault is Fault.BUSY
    assert path.with_name(path.name + "-wal" + ASIDE).read_bytes() == left
    # Neither the end nor another start makes it forgotten; a reader knows of it as well.
    with closing(SqliteStore.open(path, CLOCK)) as store:
        assert "missing" in store.condition().trouble
        with closing(SqliteStore.open(path, CLOCK, readonly=True)) as reader:
            assert "missing" in reader.condition().trouble


def says_so(path: Path) -> bool:
    """Whether a city whose log was damaged says so, and serves what is there and nothing else."""
    try:
        store = SqliteStore.open(path, CLOCK)
    except DomainError as refusal:
        return refusal.fault in (Fault.INTERNAL, Fault.BUSY)
    with closing(store):
        values = store.points(key(), Window(), ALL).values
        return "missing" in store.condition().trouble and values == list(range(-1, len(values) - 1))


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", range(0, 600, 100))
def test_any_flipped_bit_of_a_left_log_is_noticed(tmp_path: Path, first: int) -> None:
    path = crashed(tmp_path)
    whole = wal(path).read_bytes()
    for seed in range(first, first + 100):
        chance = random.Random(seed)
        there = tmp_path / str(seed)
        there.mkdir()
        for name in ("city.db", "city.db-wal", "city.db" + SUFFIX):
            shutil.copyfile(path.with_name(name), there / name)
        # Beyond the version of the format, which SQLite refuses as such, every bit of the log counts.
        byte = chance.choice([chance.randrange(8), chance.randrange(8, len(whole))])
        flip(there / "city.db-wal", byte, chance.randrange(8))
        assert says_so(there / "city.db"), (seed, byte)
        shutil.rmtree(there)


def test_after_the_operator_accepted_a_loss_writing_goes_on_behind_it(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    flip(wal(path), HEADER_BYTES + 10 * FRAME_BYTES + 500, 3)
    with closing(SqliteStore.open(path, CLOCK)) as store:
        kept = store.position()
    lost = 1 + 2 * BATCHES - kept
    assert accept_loss(path) == lost
    assert accept_loss(path) == 0
    for n in range(2):
        with closing(SqliteStore.open(path, CLOCK)) as store:
            assert store.condition().writable
            write(store, change(Mode.UPDATE, name=prop(f"again {n}")))
            # No position stands for two changes.
            assert store.position() == 2 + 2 * BATCHES + n
            assert [entry.position for entry in store.log(kept)] == [2 + 2 * BATCHES + m for m in range(n + 1)]


def test_an_accepted_loss_survives_a_start_without_a_change(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    flip(wal(path), HEADER_BYTES + 500, 3)
    SqliteStore.open(path, CLOCK).close()
    accept_loss(path)
    for _ in range(2):
        with closing(SqliteStore.open(path, CLOCK)) as store:
            assert not store.condition().trouble


def test_a_log_that_held_everything_is_not_begun_anew(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", CLOCK)
    write(store, levels([NOON], [1]))
    there = tmp_path / "crashed"
    there.mkdir()
    for name in ("city.db", "city.db-wal", "city.db" + SUFFIX):
        shutil.copyfile(tmp_path / name, there / name)
    store.close()
    flip(there / "city.db-wal", 20, 1)
    for _ in range(2):
        with pytest.raises(DomainError, match="1 acknowledged changes are missing") as refused:
            SqliteStore.open(there / "city.db", CLOCK)
        assert refused.value.fault is Fault.INTERNAL
    assert accept_loss(there / "city.db") == 1
    with closing(SqliteStore.open(there / "city.db", CLOCK)) as store:
        assert not store.condition().trouble
        write(store, levels([NOON], [2]))


def test_a_log_that_was_removed_is_noticed(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    wal(path).unlink()
    with closing(SqliteStore.open(path, CLOCK)) as store:
        assert store.position() == 1
        assert f"{2 * BATCHES} acknowledged changes are missing" in store.condition().trouble


def test_a_crash_without_damage_loses_nothing_and_says_nothing(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    with closing(SqliteStore.open(path, CLOCK)) as store:
        assert not store.condition().trouble
        assert store.points(key(), Window(), ALL).values == list(range(-1, BATCHES))
        write(store, levels([NOON + 99], [99]))
    assert not path.with_name(path.name + "-wal" + ASIDE).exists()


@pytest.mark.parametrize("byte", [0, 8, 45, 60, 66])
def test_a_damaged_line_proves_nothing(tmp_path: Path, byte: int) -> None:
    path = crashed(tmp_path)
    flip(path.with_name(path.name + SUFFIX), byte, 2)
    assert read_line(path) is None
    with closing(SqliteStore.open(path, CLOCK)) as store:
        assert not store.condition().trouble
        write(store, levels([NOON + 99], [99]))
    line = read_line(path)
    assert line is not None
    assert line.position == 2 + 2 * BATCHES


def test_the_line_of_another_database_is_no_loss(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    begun(other / "city.db")
    shutil.copyfile(path.with_name(path.name + SUFFIX), other / ("city.db" + SUFFIX))
    with closing(SqliteStore.open(other / "city.db", CLOCK)) as store:
        assert not store.condition().trouble
        write(store, levels([NOON], [1]))


def test_a_rolled_back_group_is_not_noted(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    with closing(SqliteStore.open(path, CLOCK)) as store:
        write(store, levels([NOON], [1]))
        assert store._writer is not None
        connection = store._writer._connection
        size = connection.pragma("max_page_count", int(connection.pragma("page_count")) + 2)
        assert size
        with pytest.raises(DomainError) as refused:
            store.apply([Submission(Batch(changes=(levels([NOON + 1], ["x" * 100_000], "urn:x:large"),)), ALL)])
        assert refused.value.fault is Fault.STORAGE_FULL
        (answer,) = store.apply([Submission(Batch(changes=(levels([NOON], [1]),)), ALL)])
        assert isinstance(answer, Ack)
        assert answer.position == store.position() == 1
        line = read_line(path)
        assert line is not None
        assert line.position == 1
        connection.pragma("max_page_count", 1_000_000)
        write(store, levels([NOON + 1], [2]))


def running(path: Path) -> tuple[SqliteStore, list[object]]:
    """A city with a log that is in use, and what it serves."""
    begun(path)
    store = SqliteStore.open(path, CLOCK)
    for e in range(20):
        at = [NOON + n for n in range(60)]
        write(
            store,
            levels(at, [f"value {n} of entity {e}" for n in range(60)], f"urn:x:{e}"),
            change(Mode.UPDATE, f"urn:x:{e}", name=prop(f"name {e} " * 20)),
        )
    return store, [read() for read in readings(store)]


def readings(store: SqliteStore) -> list[Callable[[], object]]:
    return [
        lambda: everything(store),
        lambda: store.log(0),
        *((lambda e=e: store.points(key(f"urn:x:{e}"), Window(), ALL)) for e in range(20)),
        *((lambda e=e: one(store, f"urn:x:{e}")) for e in range(20)),
    ]


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_a_bit_that_flips_in_the_log_of_a_running_city_is_never_served(tmp_path: Path, seed: int, noted: bool) -> None:
    path = tmp_path / "city.db"
    store, right = running(path)
    if not noted:
        # What the notes are a short cut for: each frame's own checksum.
        path.with_name(path.name + "-wal" + NOTES).write_bytes(b"")
    chance = random.Random(seed)
    flips = [
        (HEADER_BYTES + n * FRAME_BYTES + FRAME_HEADER_BYTES + chance.randrange(4_096), chance.randrange(8))
        for n in chance.sample(range(frames(path)), frames(path) // 3)
    ]
    # A reader that has read nothing but its beginning so far.
    with closing(SqliteStore.open(path, CLOCK, readonly=True, limits=Limits(kept=0))) as reader:
        for byte, bit in flips:
            flip_in_place(wal(path), byte, bit)
        answers = [answered(read) for read in readings(reader)]
    assert DAMAGED in answers
    assert all(answer is DAMAGED or answer == true for answer, true in zip(answers, right, strict=True))
    # Nor does writing the log back make the damage last.
    assert store._writer is not None
    with pytest.raises(apsw.IOError):
        store._writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_FULL)
    for byte, bit in flips:
        flip_in_place(wal(path), byte, bit)
    with closing(SqliteStore.open(path, CLOCK, readonly=True)) as reader:
        assert [answered(read) for read in readings(reader)] == right
    write(store, change(Mode.UPDATE, "urn:x:1", name=prop("afterwards")))
    store.close()
    with closing(SqliteStore.open(path, CLOCK)) as store:
        assert one(store, "urn:x:1").attributes[NAME][0].value == "afterwards"


def flip_in_place(path: Path, byte: int, bit: int) -> None:
    """Turn one bit round without emptying the file meanwhile: somebody has it open."""
    with path.open("r+b") as file:
        file.seek(byte)
        (was,) = file.read(1)
        file.seek(byte)
        file.write(bytes([was ^ (1 << bit)]))


def test_notes_that_are_wrong_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    store, right = running(path)
    notes = path.with_name(path.name + "-wal" + NOTES)
    notes.write_bytes(random.Random(1).randbytes(notes.stat().st_size))
    with closing(SqliteStore.open(path, CLOCK, readonly=True)) as reader:
        assert [answered(read) for read in readings(reader)] == right
    store.close()


def test_a_transaction_larger_than_the_cache_reads_back_what_it_wrote(tmp_path: Path) -> None:
    # The log's frames are overwritten meanwhile, and get their own checksums only with the commit.
    with closing(SqliteStore.open(tmp_path / "city.db", CLOCK, limits=Limits(writer_cache_kib=32, kept=0))) as store:
        rounds = [
            [change(Mode.UPDATE, f"urn:x:{e}", name=prop(f"{n} {e} " * 100)) for e in range(60)] for n in range(4)
        ]
        answers = store.apply([Submission(Batch(changes=tuple(changes)), ALL) for changes in rounds])
        assert all(isinstance(answer, Ack) for answer in answers)
        assert [one(store, f"urn:x:{e}").attributes[NAME][0].value for e in (0, 59)] == ["3 0 " * 100, "3 59 " * 100]


def test_a_damaged_page_hurts_only_the_batch_that_meets_it(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    with closing(SqliteStore.open(path, CLOCK)) as store:
        for e in range(40):
            write(store, change(Mode.UPDATE, f"urn:x:{e}", name=prop(f"marked {e:03d} " * 200)))
    content = path.read_bytes()
    flip(path, content.index(b"marked 017 marked 017") + 100, 1)
    with closing(SqliteStore.open(path, CLOCK)) as store:
        batches = [Batch(changes=(change(Mode.UPDATE, f"urn:x:{e}", name=prop("new")),)) for e in (3, 17, 30)]
        before, met, after = store.apply([Submission(batch, ALL) for batch in batches])
        assert isinstance(before, Ack)
        assert isinstance(after, Ack)
        assert isinstance(met, DomainError)
        assert met.fault is Fault.INTERNAL
        assert [one(store, f"urn:x:{e}").attributes[NAME][0].value for e in (3, 30)] == ["new", "new"]
        with pytest.raises(DomainError, match="damaged"):
            one(store, "urn:x:17")
        write(store, change(Mode.UPDATE, "urn:x:5", name=prop("goes on")))
