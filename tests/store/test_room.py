"""Room on the disk: below the reserve nothing comes in, removing goes on; what a full disk interrupts is not lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from talwerk.core.change import Ack, Batch, Change, Mode, Observations
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Window
from talwerk.store import Keeping, Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.backup import prove_database
from tests.contracts.cities import ALL, NOON, StandingClock, change, entity, everything, key, levels, one, prop, write
from tests.faults.disks import MOUNTS, fill, mounted, no_growth

CLOCK = StandingClock()
SCARCE = Limits(disk_reserve_bytes=1 << 60)
"""A reserve that no disk has."""


def refused(store: SqliteStore, *changes: Change) -> DomainError:
    (answer,) = store.apply([Submission(Batch(changes=changes), ALL)])
    assert isinstance(answer, DomainError)
    return answer


def test_below_the_reserve_nothing_comes_in_and_removing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    with closing(SqliteStore.open(path, CLOCK)) as store:
        for e in range(4):
            write(store, change(Mode.UPDATE, f"urn:x:{e}", level=prop(e, NOON)))
    with closing(SqliteStore.open(path, CLOCK, limits=SCARCE)) as store:
        full = refused(store, change(Mode.UPDATE, "urn:x:new", level=prop(1, NOON)))
        assert full.fault is Fault.STORAGE_FULL
        assert "are kept free" in full.detail
        assert not store.condition().writable
        assert store.condition().trouble == full.detail
        for mode, id_ in ((Mode.DELETE, "urn:x:0"), (Mode.ERASE, "urn:x:1")):
            write(store, Change(mode=mode, entity=entity(id_, types=())))
        assert [found.id for found in everything(store)] == ["urn:x:2", "urn:x:3"]
        # A batch that also brings something waits as a whole.
        erase = Change(mode=Mode.ERASE, entity=entity("urn:x:2", types=()))
        assert refused(store, erase, change(Mode.UPDATE, "urn:x:3", level=prop(9))).fault is Fault.STORAGE_FULL
        assert one(store, "urn:x:2").id == "urn:x:2"
        # Housekeeping makes room.
        assert not store.tidy(Keeping(today=NOON, log_rows=1), 1).more
        assert len(store.log(0)) == 1
    with closing(SqliteStore.open(path, CLOCK)) as store:
        write(store, change(Mode.UPDATE, "urn:x:new", level=prop(1, NOON)))


def test_one_group_holds_what_comes_in_and_what_goes(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    with closing(SqliteStore.open(path, CLOCK)) as store:
        write(store, change(Mode.UPDATE, "urn:x:1", level=prop(1, NOON)))
    batches = [
        Batch(changes=(change(Mode.UPDATE, "urn:x:2", level=prop(1, NOON)),)),
        Batch(changes=(Change(mode=Mode.DELETE, entity=entity("urn:x:1", types=())),)),
    ]
    with closing(SqliteStore.open(path, CLOCK, limits=SCARCE)) as store:
        came, went = store.apply([Submission(batch, ALL) for batch in batches])
        assert isinstance(came, DomainError)
        assert isinstance(went, Ack)
        assert everything(store) == ()


@pytest.fixture(params=["limit", *(["disk"] if MOUNTS else [])])
def scarce(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, Callable[[], object]]]:
    """A place with little room, and how to get more of it: a disk of its own, or what this process may write."""
    if request.param == "limit":
        with ExitStack() as limit:
            limit.enter_context(no_growth(os.getpid(), 4 << 20))
            yield tmp_path, limit.close
        return
    with mounted(tmp_path / "disk", 24) as disk:
        filler = fill(disk, 4 << 20)
        yield disk, filler.unlink


@pytest.mark.parametrize("log_mb", [1, 256])
def test_a_disk_that_fills_up_in_the_middle(scarce: tuple[Path, Callable[[], object]], log_mb: int) -> None:
    folder, make_room = scarce
    # With a small log it is written back all the time: the disk fills up in a checkpoint as well as in a commit.
    limits = Limits(wal_bytes_max=log_mb << 20)
    with closing(SqliteStore.open(folder / "city.db", CLOCK, limits=limits)) as store:
        acknowledged, full = until_full(store, 0)
        assert full.fault is Fault.STORAGE_FULL
        assert acknowledged > 3
        for _ in range(5):
            # Smaller batches may still fit; what is refused leaves nothing.
            more_of_it, full = until_full(store, acknowledged)
            acknowledged += more_of_it
            assert full.fault is Fault.STORAGE_FULL
            assert len(store.points(key(), Window(), ALL).at) == acknowledged * 100
        make_room()
        for number in range(acknowledged, acknowledged + 20):
            write(store, batch(number))
    proof = prove_database(folder / "city.db")
    assert proof.observations == (acknowledged + 20) * 100


def batch(number: int) -> Observations:
    return levels([NOON + number * 1_000 + n for n in range(100)], ["x" * 100] * 100)


def until_full(store: SqliteStore, first: int) -> tuple[int, DomainError]:
    """Write until the disk is full: how many batches were acknowledged, and the refusal of the next."""
    for number in range(first, first + 10_000):
        try:
            (answer,) = store.apply([Submission(Batch(changes=(batch(number),)), ALL)])
        except DomainError as refusal:
            return number - first, refusal
        assert isinstance(answer, Ack)
    raise AssertionError("the disk never filled up")
