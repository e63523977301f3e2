"""SQLite's errors as domain errors: full, busy, damaged, out of time."""

from __future__ import annotations

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

_FULL = {apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_SHMOPEN, apsw.SQLITE_IOERR_TRUNCATE}
"""What SQLite says, beside FULL itself, when the disk has no room for the WAL or its index."""


def fault_of(error: apsw.Error) -> DomainError:
    """The domain error for an error of SQLite."""
    for kinds, fault, detail in _KINDS:
        if isinstance(error, kinds):
            return DomainError(fault, detail)
    code = getattr(error, "extendedresult", 0)
    if code == apsw.SQLITE_IOERR_DATA:
        detail = "The database is damaged: a page does not agree with its checksum; restore it from a backup."
        return DomainError(Fault.INTERNAL, detail)
    if code in _FULL:
        return DomainError(Fault.STORAGE_FULL, "The disk refuses to be written, it may be full.")
    return DomainError(Fault.INTERNAL, f"The database answered: {type(error).__name__} {error}.")


@contextmanager
def translated() -> Iterator[None]:
    """Raise a DomainError in place of SQLite's errors."""
    try:
        yield
    except apsw.Error as error:
        raise fault_of(error) from error
