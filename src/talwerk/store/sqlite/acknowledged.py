"""How far writes were acknowledged: a line beside the database that shows when some of them are missing.

When SQLite opens a write-ahead log that somebody left, it takes the first frame with a wrong checksum for the end of
what was written. For a write that the power cut short this is right; but a flipped bit looks the same, and everything
behind it would be gone without a word. So the change log's position is written into a file of its own after each
commit, when the log is on disk already: a database that ends before that position has lost acknowledged changes.

The file costs a write into the page cache (1 us), no fsync: a loss of power may leave it behind the database by up to
half a minute, never ahead. It is one readable line with a checksum; a file that is missing or damaged proves nothing.
"""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import closing
from pathlib import Path
from zlib import crc32

import apsw
import msgspec

from talwerk.core.errors import DomainError, Fault

from . import log
from .connection import open_reader
from .faults import translated
from .limits import Limits

logger = logging.getLogger(__name__)

SUFFIX = "-acknowledged"
DAMAGED = "-damaged"
_WORD = "talwerk"
_FIELDS = 4
_LINE_BYTES_MAX = 256


class Line(msgspec.Struct, frozen=True):
    """What the file says.

    Attributes:
        database: id of the database that it speaks of.
        position: the change log's position up to which everything was acknowledged.
        forgiven: whether the operator has accepted that changes up to there are missing.
    """

    database: str
    position: int
    forgiven: bool = False

    def encoded(self) -> bytes:
        """The line, always of the same length for one database."""
        text = f"{_WORD} {self.database} {self.position:020d} {int(self.forgiven)}"
        return f"{text} {crc32(text.encode()):08x}\n".encode()


def read_line(path: Path) -> Line | None:
    """What the file beside a database says, None when there is none or it is damaged."""
    try:
        with path.with_name(path.name + SUFFIX).open("rb") as file:
            text, _, sum_ = file.read(_LINE_BYTES_MAX).decode("ascii").rstrip("\n").rpartition(" ")
    except (OSError, UnicodeDecodeError):
        return None
    fields = text.split(" ")
    if sum_ != f"{crc32(text.encode()):08x}" or len(fields) != _FIELDS:
        return None
    return Line(fields[1], int(fields[2]), fields[3] == "1")


def missing(connection: apsw.Connection, line: Line | None) -> int:
    """How many acknowledged changes a database lacks, by a line that was read *before* the database.

    Args:
        connection: one that has no snapshot yet, or one of the time when the line was read or later.
        line: from :func:`read_line`.
    """
    if line is None or line.forgiven:
        return 0
    present = identity(connection)
    if not present:
        return line.position
    return max(line.position - log.newest(connection)[0], 0) if line.database == present else 0


def loss(path: Path, lacking: int) -> str:
    """What is to be said of acknowledged changes that are missing; empty when none are."""
    if not lacking:
        return ""
    return (
        f"{lacking} acknowledged changes are missing from {path.name}: its write-ahead log was damaged or removed. "
        f"Reading goes on, nothing is written. Either restore a copy that holds them (talwerk restore), or stop the "
        f"city and go on without them (talwerk accept-loss). What was left of the log: {path.name}-wal{DAMAGED}."
    )


def identity(connection: apsw.Connection) -> str:
    """The database's id, empty for one that was not made yet."""
    if not connection.table_exists(None, "meta"):
        return ""
    return str(connection.execute("SELECT value FROM meta WHERE key = 'database'").get or "")


def keep_aside(path: Path) -> None:
    """Copy a damaged log before the next commit overwrites it; only the first time.

    Raises:
        DomainError: InsufficientStorage when it cannot be copied: then nothing may be written.
    """
    wal = path.with_name(path.name + "-wal")
    aside = path.with_name(wal.name + DAMAGED)
    if aside.exists() or not wal.exists():
        return
    part = path.with_name(aside.name + ".part")
    try:
        shutil.copyfile(wal, part)
        part.rename(aside)
    except OSError as error:
        detail = f"The damaged log {wal.name} cannot be kept aside as {aside.name}: {error.strerror}."
        raise DomainError(Fault.STORAGE_FULL, detail) from error


def accept_loss(path: Path) -> int:
    """Let a city that nobody runs go on without what is missing; positions go on behind it.

    Args:
        path: the database file.

    Returns:
        How many acknowledged changes are given up, 0 when none is missing.

    Raises:
        DomainError: InternalError when the database is damaged; InsufficientStorage when there is no room.
    """
    line = read_line(path)
    with translated(), closing(open_reader(path, Limits())) as reader:
        lacking = missing(reader, line)
    if line is None or not lacking:
        return 0
    keep_aside(path)
    handle = os.open(path.with_name(path.name + SUFFIX), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(handle, msgspec.structs.replace(line, forgiven=True).encoded(), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
    return lacking


class Acknowledged:
    """The line, as the writer of a database keeps it.

    Args:
        path: the database file.
        connection: the writing connection, before anything was written.

    Raises:
        DomainError: InternalError when everything is missing; InsufficientStorage when the log cannot be kept aside.

    Attributes:
        lacking: how many acknowledged changes are missing; as long as there are any, the line stays as it is.
        floor: the position after which positions go on, so that none stands for two changes.
    """

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        line = read_line(path)
        self.lacking = missing(connection, line)
        self.loss = loss(path, self.lacking)
        ours = line is not None and line.database == identity(connection)
        self.floor = line.position if line is not None and ours else 0
        self._path = path
        self._database = ""
        self._handle = -1
        if self.loss:
            keep_aside(path)
            logger.error("%s", self.loss)
            if not identity(connection):
                # The log held all there was: nothing can be read either, and a new city must not be begun unasked.
                raise DomainError(Fault.INTERNAL, self.loss)

    def begin(self, connection: apsw.Connection) -> None:
        """Open the line for writing, when the database has its id."""
        self._database = identity(connection)
        path = self._path.with_name(self._path.name + SUFFIX)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            if not self.lacking:
                self._write(Line(self._database, self.floor, forgiven=self.floor > log.newest(connection)[0]))
        except OSError as error:
            logger.warning("%s cannot be written, a damaged log would not be noticed: %s", path.name, error.strerror)

    def reach(self, position: int) -> None:
        """Note that everything up to a position is on disk and about to be acknowledged."""
        if position > self.floor:
            self.floor = position
            if self._handle >= 0:
                try:
                    self._write(Line(self._database, position))
                except OSError as error:
                    # The place is allocated since the beginning: only a broken disk comes here.
                    logger.warning("the acknowledged position cannot be noted: %s", error.strerror)

    def close(self) -> None:
        """Release the file."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _write(self, line: Line) -> None:
        os.pwrite(self._handle, line.encoded(), 0)
