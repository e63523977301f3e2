"""The write-ahead log: written back in time, bounded, and read whole by those who follow it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite import wal as wal_module
from talwerk.store.sqlite.backup import Proof, base_of, prove_database, redo
from talwerk.store.sqlite.connection import open_reader
from talwerk.store.sqlite.wal import KEPT_BYTES, PIECE_BYTES, Follower, Piece, Place, Wal
from tests.contracts.cities import NOON, StandingClock, levels, write

CLOCK = StandingClock()
MINUTE = 60_000_000
SMALL = 400_000


def filled(store: SqliteStore, start: int, count: int = 2_000) -> None:
    write(store, levels([NOON + (start + n) * MINUTE for n in range(count)], [float(start + n) for n in range(count)]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "city.db"


def opened(path: Path, **limits: int | bool) -> SqliteStore:
    return SqliteStore.open(path, CLOCK, limits=Limits(**limits))  # type: ignore[arg-type]


def wal_of(store: SqliteStore) -> Wal:
    assert store.wal is not None
    return store.wal


def all_of(follower: Follower) -> Iterator[Piece]:
    while (piece := follower.take()) is not None:
        yield piece


def rebuilt(path: Path, target: Path, pieces: list[Piece]) -> Proof:
    """A copy from the database file as it is and the pieces."""
    with target.open("wb") as file:
        for chunk in base_of(path):
            file.write(chunk)
    redo(target, pieces)
    return prove_database(target)


def test_the_log_begins_anew_in_time_and_stays_within_its_limit(path: Path) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        most = 0
        for n in range(60):
            filled(store, n * 2_000)
            most = max(most, wal_of(store).state().bytes)
        assert wal_of(store).state().trouble == ""
    assert SMALL / 2 < most < 3 * SMALL


def test_a_reader_with_an_old_state_is_waited_for_and_reported(path: Path) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store, closing(open_reader(path, Limits())) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM obs").get == 0
        n = 0
        while not wal_of(store).state().trouble:
            assert n < 20
            filled(store, n * 2_000)
            n += 1
        assert "old state" in wal_of(store).state().trouble
        assert reader.execute("SELECT count(*) FROM obs").get == 0
        reader.execute("ROLLBACK")
        for more in range(n, n + 30):
            filled(store, more * 2_000)
        assert wal_of(store).state().trouble == ""
        assert wal_of(store).state().bytes < 3 * SMALL


def test_what_is_followed_through_many_epochs_rebuilds_the_city(path: Path, tmp_path: Path) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        follower = wal_of(store).follow()
        with (tmp_path / "copy.db").open("wb") as file:
            for chunk in base_of(path):
                file.write(chunk)
        pieces: list[Piece] = []
        for n in range(40):
            filled(store, n * 2_000)
            if n % 3 == 0:
                pieces += all_of(follower)
        pieces += all_of(follower)
        assert follower.lost == ""
        assert pieces[-1].whole
        assert pieces[-1].position == store.position()
        assert len({piece.salts for piece in pieces}) > 3
        redo(tmp_path / "copy.db", pieces)
        assert prove_database(tmp_path / "copy.db") == prove_database(path)


def test_whoever_begins_to_follow_misses_nothing_whenever_it_was(path: Path, tmp_path: Path) -> None:
    """Before each of many commits somebody begins: also when all was just written back, so that it begins anew."""
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        epochs, at = set(), itertools.count(0, 2_000)
        for n in range(24):
            for _ in range(n % 3 + 1):
                filled(store, next(at))
            follower = wal_of(store).follow()
            with (tmp_path / "copy.db").open("wb") as file:
                for chunk in base_of(path):
                    file.write(chunk)
            filled(store, next(at))
            pieces = list(all_of(follower))
            assert follower.lost == "", n
            wal_of(store).leave(follower)
            redo(tmp_path / "copy.db", pieces)
            assert prove_database(tmp_path / "copy.db") == prove_database(path)
            epochs.add(len({piece.salts for piece in pieces}))
    assert epochs == {1, 2}, "no commit began the log anew under a new follower"


def test_a_commit_that_writes_over_the_log_is_noticed_by_who_reads_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        wal, n = wal_of(store), 0
        while not wal._may_begin_anew:
            filled(store, n * 2_000)
            n += 1
        with monkeypatch.context() as patched:
            # The header comes first: who finds another one has read what may be half of this and half of that.
            patched.setattr(wal, "_read_salts", lambda: (0, 0))
            patched.setattr(wal_module, "_PATIENCE_MS", 10)
            follower = wal.follow()
        assert follower.take() is None
        assert follower.overtaken
        assert "before all of it was read" in follower.lost
        assert next(all_of(wal.follow())).start == 0


def test_after_a_restart_the_first_commit_may_begin_the_log_anew(path: Path) -> None:
    with closing(open_reader(path_of_kept(path), Limits())) as other:
        # Another process has the city open, so that what was written back is known beyond the restart.
        assert other.execute("SELECT count(*) FROM entity").get == 1
        with closing(opened(path, wal_kept=True, wal_bytes_max=SMALL)) as store:
            follower = wal_of(store).follow()
            filled(store, 0, 10)
            pieces, n = list(all_of(follower)), 1
            while not wal_of(store)._may_begin_anew:
                filled(store, n * 2_000)
                pieces += all_of(follower)
                n += 1
            end = pieces[-1].end(wal_of(store).frame_bytes)
        with closing(opened(path, wal_kept=True, wal_bytes_max=SMALL)) as store:
            follower = wal_of(store).follow(end)
            assert follower.resumed
            filled(store, n * 2_000)
            (piece,) = all_of(follower)
            assert (piece.start, piece.whole, piece.position) == (0, True, store.position())
            assert piece.salts != end.salts
            assert follower.lost == ""


def path_of_kept(path: Path) -> Path:
    with closing(opened(path, wal_kept=True)) as store:
        filled(store, 0, 1)
    return path


def test_the_log_waits_for_a_slow_follower_up_to_its_limit(path: Path) -> None:
    limit = KEPT_BYTES * 2
    with closing(opened(path, wal_bytes_max=limit)) as store:
        follower = wal_of(store).follow()
        first = wal_of(store).place()
        n = 0
        while wal_of(store).state().bytes < limit * 0.9:
            filled(store, n * 20_000, 20_000)
            n += 1
        assert follower.wanted.is_set()
        assert follower.lost == ""
        while not follower.lost:
            filled(store, n * 20_000, 20_000)
            n += 1
        assert follower.take() is None
        assert follower.overtaken
        filled(store, n * 20_000, 10)
        assert wal_of(store).state().bytes < limit / 2
        assert wal_of(store).place().salts != first.salts


def test_what_a_follower_keeps_in_memory_is_bounded(path: Path) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        follower = wal_of(store).follow()
        for n in range(200):
            filled(store, n * 2_000)
            assert follower.kept_bytes() <= KEPT_BYTES
            if follower.lost:
                return
    pytest.fail("nothing was given up")


def test_a_follower_goes_on_after_a_restart_where_it_was(path: Path) -> None:
    with closing(opened(path, wal_kept=True)) as store:
        filled(store, 0)
        follower = wal_of(store).follow()
        pieces = list(all_of(follower))
        end = pieces[-1].end(wal_of(store).frame_bytes)
        filled(store, 2_000)
    with closing(opened(path, wal_kept=True)) as store:
        again = wal_of(store).follow(end)
        assert again.resumed
        (piece,) = all_of(again)
        assert piece.start == end.offset
        assert piece.position == store.position()
        assert not wal_of(store).follow(Place(end.salts, end.offset, "00" * 8)).resumed
        assert not wal_of(store).follow(Place((1, 2), end.offset, end.checksum)).resumed


def test_without_the_wish_to_keep_it_the_log_is_gone_with_the_writer(path: Path) -> None:
    with closing(opened(path)) as store:
        filled(store, 0)
    assert not path.with_name("city.db-wal").exists()


def test_writing_by_another_hand_is_noticed(path: Path) -> None:
    with closing(opened(path, wal_bytes_max=SMALL)) as store:
        filled(store, 0, 10)
        follower = wal_of(store).follow()
        list(all_of(follower))
        other = apsw.Connection(str(path), vfs="cksmvfs")
        for mode in ("TRUNCATE", "TRUNCATE"):
            other.execute("INSERT INTO meta VALUES (?, 'x')", (f"{mode}{os.urandom(4).hex()}",))
            other.execute(f"PRAGMA wal_checkpoint({mode})")
        other.close()
        for n in range(30):
            filled(store, n * 2_000)
    assert "another hand" in follower.lost
    assert not follower.overtaken


def test_pieces_are_bounded_and_say_whether_they_are_whole(path: Path, tmp_path: Path) -> None:
    with closing(opened(path)) as store:
        follower = wal_of(store).follow()
        filled(store, 0, 200_000)
        filled(store, 200_000, 200_000)
        pieces = list(all_of(follower))
        sizes = [len(piece.frames) for piece in pieces]
        assert PIECE_BYTES - 5_000 < sizes[0] <= PIECE_BYTES
        assert 0 < sizes[1] <= PIECE_BYTES
        assert [piece.whole for piece in pieces] == [False] * (len(sizes) - 1) + [True]
        assert rebuilt(path, tmp_path / "copy.db", pieces).observations == 400_000


def test_copying_the_file_keeps_the_locks_of_the_process(path: Path) -> None:
    with closing(opened(path)) as store:
        filled(store, 0)
        before = locks(path)
        assert before
        assert sum(len(chunk) for chunk in base_of(path)) == path.stat().st_size
        assert locks(path) == before


def locks(path: Path) -> list[str]:
    inode = str(path.stat().st_ino)
    lines = Path("/proc/locks").read_text().splitlines()
    return [line.partition(":")[2] for line in lines if line.split()[5].rpartition(":")[2] == inode]
