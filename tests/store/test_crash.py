"""Killed at any moment, the store keeps what it acknowledged and nothing by half."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from talwerk.core.query import Query, TemporalQuery, Window
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.connection import VFS
from tests.contracts.cities import ALL, LEVEL, NAME, StandingClock, key, one
from tests.contracts.sums import recomputed, same_sums
from tests.store.writing_child import COUNTER, GONE, SERIES, values


def killed_while_writing(path: Path, first: int, after_s: float, *, begun: bool) -> int:
    """Let a process write from a batch on, kill it, and return how many batches are acknowledged by then.

    Args:
        path: the database.
        first: number of the first batch.
        after_s: seconds to wait.
        begun: whether to wait for the first acknowledgement before that, or kill it perhaps while it opens.
    """
    command = [sys.executable, "-m", "tests.store.writing_child", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        said = child.stdout.readline() if begun else ""
        time.sleep(after_s)
        child.kill()
        acknowledged = [int(line) for line in (said + child.stdout.read()).split()]
        complaints = child.stderr.read()
    assert not complaints, complaints
    return max(acknowledged, default=first)


def verified(path: Path, acknowledged: int) -> int:
    """Make sure that the city is whole and holds every acknowledged batch; returns how many it holds."""
    store = SqliteStore.open(path, StandingClock())
    if not acknowledged and not store.position():
        store.close()
        return 0
    counter = one(store, COUNTER)
    count: int = counter.attributes[LEVEL][0].value["count"] + 1
    # What was on its way when the process died may be there, but then all of its group is.
    assert acknowledged <= count <= acknowledged + 3
    assert counter.attributes[NAME][0].value == f"batch {count - 1}"
    assert store.position() == len(store.log(0, 100_000)) == count * 7 - 2
    expected = values(count)
    for id_ in SERIES:
        points = store.points(key(id_), Window(), ALL)
        assert dict(zip(points.at, points.values, strict=True)) == expected
        sums = recomputed(zip(points.at, points.values, points.quality, strict=True))
        buckets = store.hours(key(id_), Window(), ALL)
        assert [bucket.start for bucket in buckets] == sorted(sums)
        assert all(same_sums(bucket, sums[bucket.start]) for bucket in buckets)
    (grown,) = store.history(TemporalQuery(entities=Query(ids=(COUNTER,)), last=1), ALL).entities
    assert grown.attributes[LEVEL][0].value == {"count": count - 1}
    assert not store.read(Query(ids=(GONE,)), ALL).entities
    (gone,) = store.history(TemporalQuery(entities=Query(ids=(GONE,))), ALL).entities
    assert [i.value for i in gone.attributes[LEVEL] if i.deleted is None] == list(range(count))
    assert len([i for i in gone.attributes[LEVEL] if i.deleted is not None]) == count
    store.close()
    connection = apsw.Connection(str(path), vfs=VFS)
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("SELECT count(*) FROM superseded").get == 2 * (count - 1)
    connection.close()
    return count


def rounds(path: Path, seed: int, number: int) -> None:
    """Kill and verify so many times in a row."""
    moments = random.Random(seed)
    count = 0
    for _ in range(number):
        begun = moments.random() < 0.7
        acknowledged = killed_while_writing(path, count, moments.uniform(0, 0.3), begun=begun)
        count = verified(path, acknowledged)


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    rounds(tmp_path / "city.db", seed=1, number=6)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(10))
def test_what_was_acknowledged_survives_many_kills(tmp_path: Path, seed: int) -> None:
    rounds(tmp_path / "city.db", seed, number=40)
