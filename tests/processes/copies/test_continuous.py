"""The continuous copy: whole at every moment, and honest about what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY
from talwerk.processes.copies.continuous import Copier
from talwerk.processes.copies.line import Heartbeat, lines_in
from talwerk.processes.copies.rebuild import Rebuilt, rebuild
from talwerk.processes.copies.segments import segments_in
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.backup import Proof, prove_database
from tests.contracts.cities import StandingClock
from tests.processes.copies.counting import values, write

SMALL = 400_000


class Bench:
    """A store that is copied, round by round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "data" / "city.db"
        self.database.parent.mkdir()
        self.second = folder / "second"
        self.place = self.second / "wuppertal"
        self.clock = StandingClock()
        self.heard: list[Heartbeat] = []
        self.written = 0
        self.open()

    def open(self, wal_bytes_max: int = SMALL) -> None:
        limits = Limits(wal_bytes_max=wal_bytes_max, wal_kept=True)
        self.store = SqliteStore.open(self.database, self.clock, limits=limits)
        assert self.store.wal is not None
        self.copier = Copier(
            self.store.wal, self.database, self.second, "wuppertal", self.clock, tell=self.heard.append
        )

    def write(self, n: int = 1_000) -> None:
        write(self.store, self.written, n)
        self.written += n

    def work(self, rounds: int, n: int = 1_000) -> None:
        for _ in range(rounds):
            self.write(n)
            self.copier.round()

    def rebuilt(self) -> Rebuilt:
        return rebuild(self.place, self.folder / "rebuilt.db")

    def proof(self) -> Proof:
        return prove_database(self.database)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


def whole(bench: Bench) -> None:
    """The copy is the city."""
    rebuilt = bench.rebuilt()
    assert rebuilt.proof == bench.proof()
    assert rebuilt.notes == ()
    assert values(bench.folder / "rebuilt.db") == list(range(bench.written))


def test_every_round_leaves_the_whole_city_in_the_second_place(bench: Bench) -> None:
    for _ in range(8):
        bench.work(3)
        whole(bench)
    (line,) = lines_in(bench.place)
    assert len({path.name[:8] for path in segments_in(line.log)}) > 3, "the log began anew several times"
    assert bench.heard[-1].position == bench.store.position()


def test_a_city_without_changes_is_copied_and_stays_fresh(bench: Bench) -> None:
    bench.copier.round()
    whole(bench)
    bench.clock.time += 60_000_000
    bench.copier.round()
    assert bench.rebuilt().as_of == bench.clock.time == bench.heard[-1].at


def test_it_goes_on_in_the_same_line_after_a_restart(bench: Bench) -> None:
    bench.work(5)
    bench.write()
    bench.store.close()
    bench.open()
    bench.work(5)
    assert len(lines_in(bench.place)) == 1
    whole(bench)


def test_writing_while_nobody_copied_begins_a_new_line(bench: Bench) -> None:
    bench.work(5)
    bench.store.close()
    bench.open()
    for _ in range(30):
        bench.write()
    bench.work(1)
    assert len(lines_in(bench.place)) == 2
    whole(bench)


def test_a_new_base_a_day_and_no_more_than_two_are_kept(bench: Bench) -> None:
    for _ in range(5):
        bench.work(3)
        bench.clock.time += DAY
    bench.work(1)
    (line,) = lines_in(bench.place)
    assert len(line.complete_bases()) == 2
    oldest = min(base.epoch for base in line.complete_bases().values())
    assert min(int(path.name[:8]) for path in segments_in(line.log)) == oldest
    assert len(list(line.bases.iterdir())) == 4
    whole(bench)


def test_a_clock_that_goes_wrong_does_not_stop_it(bench: Bench) -> None:
    for jump in (3_650 * DAY, -7_300 * DAY, 3_650 * DAY):
        bench.work(2)
        bench.clock.time += jump
    bench.work(2)
    whole(bench)


@pytest.mark.parametrize("damage", ["flip", "remove", "cut"])
def test_damage_in_the_log_ends_the_restoring_before_it_and_is_told(bench: Bench, damage: str) -> None:
    bench.work(20)
    (line,) = lines_in(bench.place)
    paths = segments_in(line.log)
    hurt = paths[len(paths) // 2]
    content = bytearray(hurt.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        hurt.write_bytes(content)
    elif damage == "cut":
        hurt.write_bytes(content[: len(content) // 2])
    else:
        hurt.unlink()
    rebuilt = bench.rebuilt()
    assert len(rebuilt.notes) == 1
    assert ("missing" if damage == "remove" else hurt.name) in rebuilt.notes[0]
    found = values(bench.folder / "rebuilt.db")
    assert found == list(range(len(found)))
    assert 0 < len(found) < bench.written
    assert len(found) % 1_000 == 0


def test_a_damaged_base_falls_back_on_the_one_before_and_loses_nothing(bench: Bench) -> None:
    bench.work(3)
    bench.clock.time += DAY
    bench.work(3)
    (line,) = lines_in(bench.place)
    newest = line.base_file(max(line.complete_bases()))
    content = bytearray(newest.read_bytes())
    content[9_000] ^= 1
    newest.write_bytes(content)
    rebuilt = bench.rebuilt()
    assert "damaged" in rebuilt.notes[0]
    assert values(bench.folder / "rebuilt.db") == list(range(bench.written))


def test_a_line_without_a_finished_base_leaves_the_one_before_to_restore(bench: Bench) -> None:
    bench.work(3)
    before = bench.written
    bench.store.close()
    bench.open()
    for _ in range(30):
        bench.write()
    bench.work(1)
    newest = lines_in(bench.place)[-1]
    for path in newest.bases.glob("*.json"):
        path.unlink()
    rebuilt = bench.rebuilt()
    assert "no whole copy" in rebuilt.notes[0]
    assert len(values(bench.folder / "rebuilt.db")) == before


def test_a_commit_that_is_cut_in_the_middle_is_left_out_whole(bench: Bench) -> None:
    bench.store.close()
    bench.open(wal_bytes_max=1 << 30)
    bench.work(2)
    before = bench.written
    bench.write(300_000)
    bench.copier.round()
    (line,) = lines_in(bench.place)
    last = segments_in(line.log)[-1]
    last.unlink()
    rebuilt = bench.rebuilt()
    assert "middle of a commit" in rebuilt.notes[0]
    assert len(values(bench.folder / "rebuilt.db")) == before


def test_a_place_that_vanishes_is_told_and_nothing_is_missing_when_it_is_back(bench: Bench) -> None:
    bench.work(3)
    bench.second.rename(bench.folder / "unplugged")
    bench.write(10)
    for _ in range(2):
        with pytest.raises(OSError, match="second"):
            bench.copier.round()
    (bench.folder / "unplugged").rename(bench.second)
    bench.work(1)
    assert len(lines_in(bench.place)) == 1
    whole(bench)


def test_a_place_that_is_away_for_long_begins_anew_and_is_never_made_on_the_wrong_disk(bench: Bench) -> None:
    bench.work(3)
    bench.second.rename(bench.folder / "unplugged")
    bench.second.mkdir()
    for _ in range(100):
        bench.write(10_000)
    seen = set()
    for _ in range(3):
        with pytest.raises((DomainError, OSError)) as caught:
            bench.copier.round()
        seen.add(str(caught.value)[:30])
    assert any("second place" in text for text in seen)
    assert list(bench.second.iterdir()) == []
    bench.second.rmdir()
    (bench.folder / "unplugged").rename(bench.second)
    bench.work(2)
    assert len(lines_in(bench.place)) == 2
    whole(bench)


def test_the_log_stays_bounded_while_the_place_is_away(bench: Bench) -> None:
    bench.store.close()
    bench.open(wal_bytes_max=40_000_000)
    bench.work(1)
    bench.second.rename(bench.folder / "unplugged")
    assert bench.store.wal is not None
    for _ in range(80):
        bench.write(20_000)
        assert bench.store.wal.state().bytes < 50_000_000


def test_what_is_not_a_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="no continuous copy"):
        rebuild(tmp_path, tmp_path / "x.db")


def test_an_empty_log_and_a_deleted_one_are_told(bench: Bench) -> None:
    bench.work(20)
    (line,) = lines_in(bench.place)
    shutil.rmtree(line.log)
    line.log.mkdir()
    with pytest.raises(DomainError, match="cannot be completed"):
        bench.rebuilt()
