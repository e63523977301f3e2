"""Files that are whole or not there at all, also after the power failed: a temporary name, to disk, then the name."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault

UNFINISHED = ".unfinished"
_CHUNK_BYTES = 1 << 20
_ROOM_BYTES = 16 << 20


class Written(msgspec.Struct, frozen=True):
    """What was written: its SHA-256 and its size."""

    sha256: str
    bytes: int


def write_whole(path: Path, chunks: Iterable[bytes], *, durable: bool = True) -> Written:
    """Write a file that is whole or not there.

    Args:
        path: the file; one of that name is replaced.
        chunks: its content.
        durable: whether to wait until it is on the disk.

    Raises:
        OSError: it could not be written; nothing of that name has changed.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    digest, size = hashlib.sha256(), 0
    try:
        with unfinished.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)
    return Written(digest.hexdigest(), size)


def write_json(path: Path, value: object, *, durable: bool = True) -> None:
    """Write a value as JSON that people can read; see :func:`write_whole`."""
    write_whole(path, [msgspec.json.format(msgspec.json.encode(value)), b"\n"], durable=durable)


def chunks_of(path: Path) -> Iterator[bytes]:
    """The content of a file that nobody changes."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    for chunk in chunks_of(path):
        digest.update(chunk)
    return digest.hexdigest()


def to_disk(folder: Path) -> None:
    """Wait until everything in a folder is on the disk."""
    for path in folder.iterdir():
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def need_room(folder: Path, size: int, what: str) -> None:
    """See beforehand whether something will fit.

    Args:
        folder: where it is to go, or will be made.
        size: how large it will be, bytes.
        what: for the text of the error.

    Raises:
        DomainError: InsufficientStorage when it will not.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free, needed = shutil.disk_usage(there).free, size + size // 10 + _ROOM_BYTES
    if free < needed:
        detail = f"{what} needs {needed // 10**6} MB in {folder}, where {free // 10**6} MB are free."
        raise DomainError(Fault.STORAGE_FULL, detail)


def size_with_log(database: Path) -> int:
    """The bytes of a database and of its write-ahead log."""
    log = database.with_name(database.name + "-wal")
    return database.stat().st_size + (log.stat().st_size if log.exists() else 0)
