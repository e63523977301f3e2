"""A disk that refuses single calls of the system, as a disk does that turned read-only or is about to die.

SQLite lets its calls of the system be replaced: what it meets here is what the system would tell it, error number
and all; only the disk's part is played.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import Window
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.backup import prove_database
from tests.contracts.cities import ALL, NOON, StandingClock, key, levels

CLOCK = StandingClock()
WRITING = ("write", "pwrite", "pwrite64", "ftruncate", "unlink")


@contextmanager
def refusing(number: int, *names: str) -> Iterator[None]:
    """Let calls of the system fail with an error number."""
    files = apsw.VFS("refusing", "unix")
    # Whatever their arguments are, they are of integers' size and not looked at.
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, use_errno=True)

    def fail() -> int:
        ctypes.set_errno(number)
        return -1

    call = prototype(fail)
    pointer = ctypes.cast(call, ctypes.c_void_p).value or 0
    there = [name for name in names if files.xGetSystemCall(name)]
    assert there
    for name in there:
        assert files.xSetSystemCall(name, pointer)
    try:
        yield
    finally:
        for name in there:
            files.xSetSystemCall(name, 0)
        files.unregister()


def attempt(store: SqliteStore, n: int) -> Ack | DomainError:
    try:
        (answer,) = store.apply([Submission(Batch(changes=(levels([NOON + n], [n]),)), ALL)])
    except DomainError as refusal:
        return refusal
    return answer


@pytest.mark.parametrize(
    "number, fault, says",
    [
        (errno.EROFS, Fault.BUSY, "read-only"),
        (errno.EACCES, Fault.BUSY, "read-only"),
        (errno.EIO, Fault.BUSY, "Input/output error"),
        (errno.ENOSPC, Fault.STORAGE_FULL, "full"),
        (errno.EDQUOT, Fault.STORAGE_FULL, "full"),
    ],
)
def test_a_disk_that_refuses_to_be_written(tmp_path: Path, number: int, fault: Fault, says: str) -> None:
    # A small log is written back all the time: some of it is refused in a checkpoint.
    with closing(SqliteStore.open(tmp_path / "city.db", CLOCK, limits=Limits(wal_bytes_max=1 << 18))) as store:
        acknowledged: list[int] = []
        for n in range(300):
            if n % 30 < 15:
                answer = attempt(store, n)
            else:
                with refusing(number, *WRITING):
                    answer = attempt(store, n)
                    assert store.points(key(), Window(), ALL).values == acknowledged
            if isinstance(answer, Ack):
                acknowledged.append(n)
            else:
                assert answer.fault is fault, answer
                assert says in answer.detail
        assert [n for n in range(300) if n % 30 < 15] == acknowledged, "it recovers at once, and never says yes before"
        assert store.points(key(), Window(), ALL).values == acknowledged
        assert store.position() == len(acknowledged)
    proof = prove_database(tmp_path / "city.db")
    assert (proof.position, proof.observations) == (150, 150)
