"""SQLite's errors as domain errors: full, busy, damaged, out of time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from talwerk.core.errors import DomainError, Fault

_KINDS: tuple[tuple[tuple[type[apsw.Error], ...], Fault, str], ...] = (
    ((apsw.FullError,), Fault.STORAGE_FULL, "The disk is full; nothing was written."),
    ((apsw.BusyError, apsw.LockedError), Fault.BUSY, "The database is in use by another writer; nothing was written."),
    (
        (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError),
        Fault.BUSY,
        "The database cannot be opened or written; its file or directory may be missing or read-only.",
    ),
    ((apsw.InterruptError,), Fault.TOO_COMPLEX, "The query took longer than its time budget."),
    ((apsw.CorruptError, apsw.NotADBError), Fault.INTERNAL, "The database is damaged; restore it from a backup."),
    ((apsw.TooBigError,), Fault.TOO_LARGE, "A value or query is too large for the database."),
)

_WRITING = {
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
    apsw.SQLITE_IOERR_SHMSIZE,
    apsw.SQLITE_IOERR_SHMOPEN,
    apsw.SQLITE_IOERR_SHMMAP,
    apsw.SQLITE_IOERR_DELETE,
}
"""What SQLite says, beside FULL itself, when the disk refuses to be written; the system's own error tells why."""

_PROTECTED = {errno.EROFS, errno.EACCES, errno.EPERM}
_ROOMLESS = {0, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def damaged(error: apsw.Error) -> bool:
    """Whether an error says that the database holds something else than what was written."""
    return (
        isinstance(error, apsw.CorruptError | apsw.NotADBError)
        or getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA
    )


def fault_of(error: apsw.Error, connection: apsw.Connection | None = None) -> DomainError:
    """The domain error for an error of SQLite.

    Args:
        error: what SQLite said.
        connection: the one that said it, if it was to write.
    """
    for kinds, fault, detail in _KINDS:
        if isinstance(error, kinds):
            return DomainError(fault, detail)
    code = getattr(error, "extendedresult", 0)
    if code == apsw.SQLITE_IOERR_DATA:
        detail = "The database is damaged: a page does not agree with its checksum; restore it from a backup."
        return DomainError(Fault.INTERNAL, detail)
    if code in _WRITING:
        return _refused(connection.system_errno if connection is not None else 0)
    return DomainError(Fault.INTERNAL, f"The database answered: {type(error).__name__} {error}.")


def _refused(number: int) -> DomainError:
    """Why the disk refuses to be written, by the system's error number."""
    if number in _PROTECTED:
        return DomainError(Fault.BUSY, f"The disk is read-only ({os.strerror(number)}); nothing was written.")
    if number in _ROOMLESS:
        return DomainError(Fault.STORAGE_FULL, "The disk is full; nothing was written.")
    return DomainError(Fault.BUSY, f"The disk cannot be written ({os.strerror(number)}); nothing was written.")


@contextmanager
def translated(connection: apsw.Connection | None = None) -> Iterator[None]:
    """Raise a DomainError in place of SQLite's errors, with the system's reason for one of the connection's writes."""
    try:
        yield
    except apsw.Error as error:
        raise fault_of(error, connection) from error
