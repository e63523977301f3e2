"""Nothing that reaches further is forgotten: not for a city that lost changes, an empty one, or a damaged one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY, HOUR
from talwerk.processes.copies.backup import restore
from talwerk.processes.copies.line import lines_in
from talwerk.processes.copies.rebuild import rebuild
from talwerk.processes.doctor import examine
from talwerk.settings import Settings
from talwerk.store.sqlite.acknowledged import SUFFIX, accept_loss
from talwerk.store.sqlite.frames import FRAME_BYTES, HEADER_BYTES
from tests.processes.copies.counting import values, write
from tests.processes.copies.test_continuous import Bench
from tests.store.test_faults import flip

LARGE = 1 << 30
PAGE_BYTES = 4_096


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


def cut_the_power(bench: Bench, *, noticed: bool = True) -> None:
    """The machine goes away at once, and a bit in the middle of its log flips."""
    there = bench.folder / "there"
    shutil.copytree(bench.database.parent, there, ignore=shutil.ignore_patterns("*-shm"))
    bench.copier.end()
    bench.store.close()
    shutil.rmtree(bench.database.parent)
    there.rename(bench.database.parent)
    wal = bench.database.with_name("city.db-wal")
    frames = (wal.stat().st_size - HEADER_BYTES) // FRAME_BYTES
    flip(wal, HEADER_BYTES + frames // 2 * FRAME_BYTES + 2_000, 5)
    if not noticed:
        bench.database.with_name(bench.database.name + SUFFIX).unlink()


def with_much_in_the_log(bench: Bench) -> None:
    bench.store.close()
    bench.open(wal_bytes_max=LARGE)
    bench.work(10)


def values_of(bench: Bench) -> list[int]:
    bench.rebuilt()
    return values(bench.folder / "rebuilt.db")


def a_few_days(bench: Bench) -> None:
    for _ in range(3):
        bench.clock.time += DAY
        bench.copier.round()


def test_a_city_that_lacks_changes_is_not_copied(bench: Bench) -> None:
    with_much_in_the_log(bench)
    cut_the_power(bench)
    bench.open()
    assert "acknowledged changes are missing" in bench.store.condition().trouble
    for _ in range(3):
        with pytest.raises(DomainError, match=r"Nothing is copied.*\d+ acknowledged changes are missing"):
            bench.copier.round()
        bench.clock.time += DAY
    assert len(lines_in(bench.place)) == 1
    assert values_of(bench) == list(range(bench.written))


def test_the_loss_that_was_accepted_is_the_newest_state_and_the_other_line_stays_until_it_goes_on(
    bench: Bench,
) -> None:
    with_much_in_the_log(bench)
    cut_the_power(bench)
    bench.open()
    left = bench.store.position()
    bench.store.close()
    assert accept_loss(bench.database) > 0
    bench.open()
    a_few_days(bench)
    old, new = lines_in(bench.place)
    rebuilt = bench.rebuilt()
    assert rebuilt.proof.position == left
    (note,) = rebuilt.notes
    assert f"{old.folder.name} reaches further than {new.folder.name}" in note
    assert "given up" in note
    bench.work(1)
    assert bench.rebuilt().notes == ()
    a_few_days(bench)
    assert [line.number for line in lines_in(bench.place)] == [new.number]


def test_a_loss_that_nobody_noticed_leaves_the_line_that_reaches_further_and_it_is_taken(bench: Bench) -> None:
    with_much_in_the_log(bench)
    all_of_it = bench.store.position()
    cut_the_power(bench, noticed=False)
    bench.open()
    assert bench.store.condition().trouble == ""
    a_few_days(bench)
    old, new = lines_in(bench.place)
    assert old.complete_bases()
    rebuilt = bench.rebuilt()
    assert rebuilt.proof.position == all_of_it
    assert rebuilt.notes == (
        f"{new.folder.name} is newer than {old.folder.name} and reaches only to position {bench.store.position()}",
    )
    assert values(bench.folder / "rebuilt.db") == list(range(bench.written))


def test_a_line_that_says_it_reaches_further_and_is_damaged_gives_way(bench: Bench) -> None:
    with_much_in_the_log(bench)
    cut_the_power(bench, noticed=False)
    bench.open()
    a_few_days(bench)
    old, new = lines_in(bench.place)
    for number in old.complete_bases():
        flip(old.base_file(number), 100, 1)
    rebuilt = bench.rebuilt()
    assert rebuilt.proof.position == bench.store.position()
    assert any("damaged" in note for note in rebuilt.notes)
    assert any(f"{old.folder.name} reaches further than {new.folder.name}" in note for note in rebuilt.notes)


def test_who_goes_back_deliberately_goes_on_behind_the_second_place(bench: Bench) -> None:
    bench.work(5)
    shutil.copytree(bench.second, bench.folder / "kept")
    before = bench.written
    bench.work(5)
    all_of_it = bench.store.position()
    bench.copier.end()
    bench.store.close()
    shutil.rmtree(bench.database.parent)
    kept = restore(bench.folder / "kept", bench.database.parent, bench.clock, city="wuppertal", second=bench.second)
    assert kept.proof.position < all_of_it
    bench.open()
    bench.written = before
    bench.copier.round()
    assert values_of(bench) == list(range(before)), "what the operator wanted, though the other line reaches further"
    bench.work(1)
    assert bench.store.position() > all_of_it
    assert bench.rebuilt().notes == ()
    assert values_of(bench) == list(range(bench.written))


def begin_empty(bench: Bench) -> None:
    bench.copier.end()
    bench.store.close()
    shutil.rmtree(bench.database.parent)
    bench.database.parent.mkdir()
    bench.open()


def test_an_empty_city_does_not_take_over_the_second_place(bench: Bench) -> None:
    bench.work(5)
    position = bench.store.position()
    begin_empty(bench)
    write(bench.store, 0, 10)
    for _ in range(3):
        with pytest.raises(DomainError) as caught:
            bench.copier.round()
        assert "holds the copy of another database as of 20" in str(caught.value)
        assert f"position {position}" in str(caught.value)
        assert f"talwerk restore {bench.second}" in str(caught.value)
        bench.clock.time += DAY
    assert len(lines_in(bench.place)) == 1
    assert values_of(bench) == list(range(bench.written))


def test_the_lines_of_another_database_are_never_removed(bench: Bench) -> None:
    bench.work(2)
    shutil.copytree(bench.place, bench.folder / "first")
    begin_empty(bench)
    bench.written = 0
    for _ in range(9):
        bench.write()
    bench.work(1)
    a_few_days(bench)
    first, second = lines_in(bench.place)
    rebuilt = rebuild(bench.place, bench.folder / "rebuilt.db")
    assert (rebuilt.proof, rebuilt.notes) == (bench.proof(), ())
    assert first.complete_bases()
    shutil.rmtree(second.folder)
    assert (
        rebuild(bench.place, bench.folder / "x.db").proof
        == rebuild(bench.folder / "first", bench.folder / "y.db").proof
    )


def test_a_damaged_city_gets_no_new_whole_copy_and_the_older_one_goes_on(bench: Bench) -> None:
    bench.work(30)
    (line,) = lines_in(bench.place)
    good = line.complete_bases()
    pages = bench.database.stat().st_size // PAGE_BYTES
    flip(bench.database, pages // 4 * PAGE_BYTES + 100, 3)
    with pytest.raises(DomainError, match="damaged"):
        bench.proof()
    for _ in range(4):
        bench.clock.time += DAY
        bench.write()
        with pytest.raises(DomainError, match="The city's database is damaged"):
            bench.copier.round()
        assert line.complete_bases() == good
        assert not list(bench.place.glob("proof-*"))
        assert len(list(line.bases.glob("*.db"))) == len(good)
        assert values_of(bench) == list(range(bench.written)), "also what was written since"


def test_it_is_not_tried_again_at_once(bench: Bench) -> None:
    bench.work(30)
    flip(bench.database, bench.database.stat().st_size // PAGE_BYTES // 4 * PAGE_BYTES + 100, 3)
    bench.clock.time += DAY
    with pytest.raises(DomainError, match="damaged"):
        bench.copier.round()
    flip(bench.database, bench.database.stat().st_size // PAGE_BYTES // 4 * PAGE_BYTES + 100, 3)
    bench.proof()
    with pytest.raises(DomainError, match="damaged"):
        bench.copier.round()
    bench.clock.time += HOUR
    bench.copier.round()
    (line,) = lines_in(bench.place)
    assert len(line.complete_bases()) == 2


@pytest.mark.parametrize("gone", ["the directory", "what is in it"])
async def test_the_doctor_says_that_copies_wait_for_an_empty_city(bench: Bench, gone: str) -> None:
    bench.work(1)
    settings = Settings(data=bench.folder / "new", copy_folder=bench.second)
    if gone == "what is in it":
        (settings.data / "wuppertal").mkdir(parents=True)
    found = (await examine(settings, bench.clock, thorough=True)).findings
    (data,) = [finding for finding in found if finding.about == "data"]
    assert f"talwerk restore {bench.second}" in data.advice
    restore(bench.second, settings.data / "wuppertal", bench.clock, city="wuppertal")
    found = (await examine(settings, bench.clock, thorough=True)).findings
    assert not [finding for finding in found if finding.about == "data"]
