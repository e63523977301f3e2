"""Copies of a city's database: made while it is written, and proven before anybody relies on them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import msgspec

from talwerk.core.errors import DomainError, Fault

from .condition import wal_bytes_in_use
from .connection import RESERVED_BYTES, copy_pages, open_copy, open_reader
from .faults import translated
from .limits import Limits
from .schema import refuse_newer, steps, version_of
from .wal import FRAME_HEADER_BYTES, HEADER_BYTES, Piece

_FINDINGS_SHOWN = 3
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 100
_ATTEMPTS = 100


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole database says of itself.

    Attributes:
        version: of its schema.
        position: newest position of its change log.
        entities: how many it holds.
        observations: how many values of history it holds.
    """

    version: int
    position: int
    entities: int
    observations: int


def copy_database(source: Path, target: Path, log_bytes_max: int | None = None) -> None:
    """Copy a database as it is at one instant, while others go on writing it.

    The instant is held until the end, and the writer's log grows meanwhile: in the writer's own process
    :func:`base_of` and :func:`redo` hold nothing.

    Args:
        source: the database file.
        target: the file to make; it must not exist.
        log_bytes_max: how large the log may become before the copy is given up, None for any size.

    Raises:
        DomainError: InternalError when the source is damaged; InsufficientStorage when there is no room; Busy when
            it was given up.
    """

    def see_the_log() -> None:
        if log_bytes_max is not None and wal_bytes_in_use(source) > log_bytes_max:
            raise DomainError(
                Fault.BUSY, "The copy was given up: the city writes more than its log may hold meanwhile."
            )

    with closing(open_reader(source, Limits())) as reader:
        copy_pages(reader, target, see_the_log)


def base_of(path: Path) -> Iterator[bytes]:
    """The bytes of a database file as they come, while it is written.

    Together with everything that was in the log since before the first byte was read, up to when the last one was,
    they make the city of any later moment: what changed under the reading hand is in the log, page by page.
    """
    with translated():
        # Through SQLite: closing a file of our own would take the locks that this process holds on the database.
        file = apsw.VFSFile("unix", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
        try:
            first = _first_page(file)
            yield first
            offset = len(first)
            while chunk := file.xRead(min(_CHUNK_BYTES, max(file.xFileSize() - offset, 0)), offset):
                offset += len(chunk)
                yield chunk
        finally:
            file.xClose()


def _first_page(file: apsw.VFSFile) -> bytes:
    """The one page without which SQLite opens nothing; it must not be read while it is being written."""
    for _ in range(_ATTEMPTS):
        head = file.xRead(_HEAD_BYTES, 0)
        page = file.xRead(int.from_bytes(head[16:18], "big"), 0)
        if checksum(page) == page[-RESERVED_BYTES:]:
            return page
    raise DomainError(Fault.INTERNAL, "The first page of the database does not agree with its checksum.")


def checksum(page: bytes) -> bytes:
    """What cksumvfs keeps at the end of a page (https://www.sqlite.org/cksumvfs.html, section 1.2)."""
    first = second = 0
    for even, odd in struct.iter_unpack("<2I", page[:-RESERVED_BYTES]):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return struct.pack("<2I", first, second)


def redo(path: Path, pieces: Iterable[Piece]) -> None:
    """Let SQLite bring a copy that nobody has open to a later moment, and make one whole file of it.

    Args:
        path: the copy's file.
        pieces: what was committed, in order, from the beginning of an epoch on; the last one is whole.

    Raises:
        DomainError: InternalError for pieces that do not follow each other, or whose checksums are wrong.
    """
    wal = path.with_name(path.name + "-wal")
    wal.unlink(missing_ok=True)
    end = 0
    for piece in pieces:
        if piece.start == 0 and end:
            _write_back(path)
            end = 0
        if piece.start != end:
            raise DomainError(
                Fault.INTERNAL, f"A piece of the log is missing between the bytes {end} and {piece.start}."
            )
        with wal.open("ab") as file:
            file.write(piece.frames)
        end += len(piece.frames)
    _write_back(path)
    with translated():
        connection = open_copy(path)
        try:
            # A copy is one file: whoever carries it elsewhere must not lose a log beside it.
            connection.pragma("journal_mode", "delete")
        finally:
            connection.close()


def _write_back(path: Path) -> None:
    """Write the log beside a copy into it; SQLite checks every frame, and that it was all is checked here."""
    wal = path.with_name(path.name + "-wal")
    if not wal.exists():
        return
    with translated():
        connection = open_copy(path)
        try:
            # SQLite looks at a log only when it reads something.
            connection.pragma("application_id")
            frame_bytes = FRAME_HEADER_BYTES + int(connection.pragma("page_size"))
            there, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            expected = (wal.stat().st_size - HEADER_BYTES) // frame_bytes
            if there != expected:
                detail = f"The copied log is damaged: {there} of its {expected} frames agree with their checksums."
                raise DomainError(Fault.INTERNAL, detail)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            connection.close()
    wal.unlink(missing_ok=True)


def identity_of(path: Path) -> str:
    """What tells a database from every other one; its copies have the same.

    Raises:
        DomainError: InternalError when it cannot be read.
    """
    with translated(), closing(open_reader(path, Limits())) as reader:
        return str(reader.execute("SELECT value FROM meta WHERE key = 'database'").get)


def prove_database(path: Path) -> Proof:
    """Read every page of a database and check what it says of itself.

    Raises:
        DomainError: InternalError when anything is wrong with it, or it is of a newer version.
    """
    with translated():
        reader = open_reader(path, Limits())
        try:
            refuse_newer(reader, path, steps())
            findings = [row[0] for row in reader.execute(f"PRAGMA integrity_check({_FINDINGS_SHOWN})")]
            if findings != ["ok"]:
                raise DomainError(Fault.INTERNAL, f"The database {path.name} is damaged: {'; '.join(findings)}.")
            return Proof(
                version=version_of(reader),
                position=_number(reader, "SELECT coalesce(max(pos), 0) FROM change"),
                entities=_number(reader, "SELECT count(*) FROM entity"),
                observations=_number(reader, "SELECT count(*) FROM obs"),
            )
        finally:
            reader.close()


def _number(connection: apsw.Connection, query: str) -> int:
    return int(connection.execute(query).get)
