"""Connections to a city's database file: checksummed pages, WAL, full synchronisation, no memory mapping."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import apsw.sqlite_extra

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock

from . import frames
from .faults import translated
from .functions import register
from .limits import Limits

VFS = frames.NAME
RESERVED_BYTES = 8
"""The end of each page, where cksumvfs keeps the page's checksum; only databases made with it are verified."""

APPLICATION_ID = 0x54574B31
_PROGRESS_STEPS = 1_000
_COPY_PAGES = 1_000
_WAL_KEPT_BYTES = 64 * 1024 * 1024
_loading = threading.Lock()


def _load_checksums() -> None:
    """Register the checksumming file systems with SQLite, once per process."""
    with _loading:
        if frames.BASE not in apsw.vfs_names():
            memory = apsw.Connection(":memory:")
            apsw.sqlite_extra.load(memory, "cksumvfs")
            memory.close()
        frames.register()


def _open(path: Path, flags: int, limits: Limits, cache_kib: int) -> apsw.Connection:
    _load_checksums()
    connection = apsw.Connection(str(path), flags=flags, vfs=VFS, statementcachesize=256)
    try:
        connection.set_busy_timeout(round(limits.busy_s * 1_000))
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.pragma("mmap_size", 0)
        connection.pragma("cache_size", -cache_kib)
        connection.pragma("temp_store", "memory")
        connection.pragma("cell_size_check", True)
    except BaseException:
        connection.close()
        raise
    return connection


def open_writer(path: Path, limits: Limits) -> apsw.Connection:
    """Open the file for writing, making it when it does not exist.

    Raises:
        DomainError: Busy or InternalError when it cannot be opened; InternalError when it is no city's database.
    """
    with translated():
        fresh = not path.exists() or path.stat().st_size == 0
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = _open(path, flags, limits, limits.writer_cache_kib)
        try:
            if fresh:
                connection.reserve_bytes("main", RESERVED_BYTES)
                connection.pragma("application_id", APPLICATION_ID)
            _verify_kind(connection, path)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("journal_size_limit", _WAL_KEPT_BYTES)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reader(path: Path, limits: Limits) -> apsw.Connection:
    """Open the file for reading only.

    Raises:
        DomainError: Busy or InternalError when it cannot be opened; InternalError when it is no city's database.
    """
    with translated():
        connection = _open(path, apsw.SQLITE_OPEN_READONLY, limits, limits.reader_cache_kib)
        try:
            _verify_kind(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_copy(path: Path) -> apsw.Connection:
    """Open a copy that nobody else has open, as it is: nothing is made and no log is kept.

    SQLite looks at the checksums of the log beside it itself, since it was left by somebody else.
    """
    _load_checksums()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=frames.BASE)
    connection.pragma("synchronous", "full")
    return connection


def copy_pages(source: apsw.Connection, target: Path, between: Callable[[], None] | None = None) -> None:
    """Copy a database as it is at one instant into a new file, while others may go on writing it.

    Args:
        source: the database, outside of any transaction.
        target: the file to make.
        between: called again and again; the copy is given up when it raises.

    Raises:
        DomainError: InternalError when the source is damaged; InsufficientStorage when there is no room.
    """
    with translated():
        copy = apsw.Connection(str(target), vfs=frames.BASE)
        try:
            copy.reserve_bytes("main", RESERVED_BYTES)
            copy.pragma("synchronous", "full")
            # Pages get checksums only after the file's header has told of their place: it has to be the first.
            copy.pragma("user_version", 1)
            with copy.backup("main", source, "main") as backup:
                # One state of the city: without a transaction around the steps every commit would start it anew.
                source.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
                try:
                    while not backup.step(_COPY_PAGES):
                        if between is not None:
                            between()
                finally:
                    source.execute("ROLLBACK")
            # A copy is one file: whoever carries it elsewhere must not lose a log beside it.
            copy.pragma("journal_mode", "delete")
        finally:
            copy.close()


def _verify_kind(connection: apsw.Connection, path: Path) -> None:
    kind = connection.pragma("application_id")
    if kind != APPLICATION_ID or connection.reserve_bytes("main", -1) != RESERVED_BYTES:
        raise DomainError(Fault.INTERNAL, f"The file {path.name} is no database of a city.")


class WriterLock:
    """Makes a process the only writer of a file, for as long as it lives.

    Args:
        path: the database file; the lock lies beside it.

    Raises:
        DomainError: Busy when another process (or store) writes it already.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DomainError(
                Fault.BUSY, f"The directory of {path.name} cannot be written: {error.strerror}."
            ) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise DomainError(
                Fault.BUSY, f"The database {path.name} is already being written by another process."
            ) from error

    def release(self) -> None:
        """Let others write; doing so again does nothing."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


class Reader:
    """A reading connection with its time budget."""

    def __init__(self, connection: apsw.Connection, clock: Clock) -> None:
        self.connection = connection
        self._clock = clock
        self._deadline_s = 0.0
        connection.set_progress_handler(self._overdue, _PROGRESS_STEPS)
        register(connection)

    def grant(self, budget_s: float) -> None:
        """Allow so many seconds from now on."""
        self._deadline_s = self._clock.monotonic_s() + budget_s

    def _overdue(self) -> bool:
        return self._clock.monotonic_s() > self._deadline_s


class ReaderPool:
    """Reading connections, opened as threads need them and kept for the next one."""

    def __init__(self, opening: Callable[[], apsw.Connection], clock: Clock, budget_s: float) -> None:
        self._opening = opening
        self._clock = clock
        self._budget_s = budget_s
        self._idle: list[Reader] = []
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[apsw.Connection]:
        """A connection that sees one state of the city until it is given back.

        Raises:
            DomainError: TooComplexQuery when the budget runs out meanwhile; Busy when the store is closed.
        """
        if self._closed:
            raise DomainError(Fault.BUSY, "The store is closed.")
        try:
            reader = self._idle.pop()
        except IndexError:
            reader = Reader(self._opening(), self._clock)
        connection = reader.connection
        reader.grant(self._budget_s)
        try:
            with translated():
                connection.execute("BEGIN")
                yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle.append(reader)
            self._close_idle()

    def close(self) -> None:
        """Close every idle connection; those in use are closed when they come back."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while self._closed and self._idle:
            self._idle.pop().connection.close()
