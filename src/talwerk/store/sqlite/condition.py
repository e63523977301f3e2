"""How a city's files are at one moment: sizes, room on the disk, the ends of the change log."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import apsw

from talwerk.core.errors import DomainError, Fault
from talwerk.store.contract import Condition

from . import log
from .acknowledged import loss, missing, read_line
from .limits import Limits
from .room import shortage

_ROOM_BYTES = 64_000_000
_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24


def condition(connection: apsw.Connection, path: Path, limits: Limits, met: DomainError | None) -> Condition:
    """See ``Store.condition``.

    Args:
        connection: a snapshot.
        path: the database file.
        limits: say how much room the disk has to have.
        met: what the writer last failed on, None when it did not.
    """
    # Before anything else is read: commits that come in between are no loss.
    line = read_line(path)
    lost = loss(path, missing(connection, line))
    place = os.statvfs(path.parent)
    free = place.f_bavail * place.f_frsize
    trouble = lost or _still(met, free) or shortage(connection, path.parent, limits.disk_reserve_bytes)
    position, _ = log.newest(connection)
    oldest, oldest_at = log.oldest(connection)
    return Condition(
        database_bytes=path.stat().st_size,
        free_bytes=int(connection.pragma("freelist_count")) * int(connection.pragma("page_size")),
        wal_bytes=wal_bytes_in_use(path),
        disk_free_bytes=free,
        position=position,
        oldest=oldest,
        oldest_at=oldest_at,
        writable=not trouble,
        trouble=trouble,
    )


def _still(met: DomainError | None, free_bytes: int) -> str:
    """What the writer met, unless it was a full disk that has room again: nobody may have written since."""
    if met is None or (met.fault is Fault.STORAGE_FULL and free_bytes > _ROOM_BYTES):
        return ""
    return met.detail


def wal_bytes_in_use(path: Path) -> int:
    """How much of the write-ahead log beside a database belongs to its present round.

    The file keeps its size when a checkpoint lets it begin anew: what is in use are the frames at its beginning that
    carry the salts of its header (SQLite file format, section 4.1).

    Args:
        path: the database file.
    """
    with suppress(FileNotFoundError), path.with_name(path.name + "-wal").open("rb", buffering=0) as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return 0
        frame = int.from_bytes(header[8:12], "big") + _FRAME_HEADER_BYTES
        salts = header[16:24]
        first, beyond = 0, (os.fstat(file.fileno()).st_size - _HEADER_BYTES) // frame
        while first < beyond:
            middle = (first + beyond) // 2
            file.seek(_HEADER_BYTES + middle * frame + 8)
            first, beyond = (middle + 1, beyond) if file.read(8) == salts else (first, middle)
        return _HEADER_BYTES + first * frame if first else 0
    return 0
