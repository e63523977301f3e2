"""The directory of a city's data: who may write in it, and whose data it holds."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault

LOCK = "engine.lock"
DATABASE = "city.db"
META = "meta.json"
TWIN_SUFFIX = "-twin"
"""Simulated cities have directories of their own."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What a data directory says of itself.

    Attributes:
        city: key of the city whose data it holds.
        format: of the directory as a whole.
        twin: whether its measurements come from the twin; those of a real city never lie there.
    """

    city: str
    format: int = 1
    twin: bool = False


def directory_of(data: Path, city: str, *, twin: bool = False) -> Path:
    """Where the data of a city lie, or those of its twin.

    Args:
        data: directory of all data.
        city: key of the city.
        twin: whether the simulated city is meant.
    """
    return data / (city + TWIN_SUFFIX if twin else city)


def prepare(directory: Path, city: str, *, twin: bool = False) -> None:
    """Make the directory if it is not there, and see that it belongs to the city, or to its twin.

    Raises:
        DomainError: InsufficientStorage when it cannot be made; InvalidRequest when it holds another city's data, or
            the twin's instead of the city's.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        if not (directory / META).exists():
            (directory / META).write_bytes(msgspec.json.encode(Meta(city=city, twin=twin)) + b"\n")
        meta = msgspec.json.decode((directory / META).read_bytes(), type=Meta)
    except (OSError, msgspec.DecodeError) as error:
        raise DomainError(Fault.STORAGE_FULL, f"The data directory {directory} cannot be used: {error}.") from error
    if meta.city != city:
        detail = f"The data directory {directory} holds the data of {meta.city!r}, not of {city!r}."
        raise DomainError(Fault.INVALID_REQUEST, detail)
    if meta.twin != twin:
        theirs, ours = ("the twin's", "measured") if meta.twin else ("a real city's", "the twin's")
        detail = f"The data directory {directory} holds {theirs} values; {ours} ones never go beside them."
        raise DomainError(Fault.INVALID_REQUEST, detail)


@contextlib.contextmanager
def writing_right(directory: Path) -> Iterator[bool]:
    """Try to become the one process that writes; yields whether it worked. The system gives it back at the end.

    Raises:
        DomainError: Busy when nobody can write there: the disk or the directory is read-only.
    """
    try:
        handle = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise DomainError(Fault.BUSY, f"The data directory {directory} cannot be written: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
