"""A file system for SQLite that verifies every page that is read from the write-ahead log.

cksumvfs verifies pages of the database file alone: a bit that flipped in the log would be served, and the next
checkpoint would give the flipped page a right checksum and make it last. Each frame of the log has a checksum of its
own (https://sqlite.org/fileformat2.html#the_write_ahead_log), which SQLite looks at only when it opens a log that
somebody left. Computing it takes 60 us here, so that the writer notes a CRC-32 of each page in a file beside the log,
all those of a commit at once, which takes 1 us to compare. Those notes are a short cut and never the truth: where one
is missing or does not fit, the frame's own checksum decides.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from zlib import crc32

import apsw

BASE = "cksmvfs"
NAME = "talwerk"
NOTES = "-sums"
PAGE_BYTES = 4_096
HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
_FIRST_PAGE = HEADER_BYTES + FRAME_HEADER_BYTES
_NOTE_BYTES = 4
_CHECKSUM_AT = 16
_ALL = 0xFFFFFFFF


def checksum(seed: tuple[int, int], data: bytes, *, big_endian: bool) -> tuple[int, int]:
    """SQLite's checksum of the log, carried on over some more bytes (a multiple of eight)."""
    first, second = seed
    words = struct.unpack(f"{'>' if big_endian else '<'}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & _ALL
        second = (second + other + first) & _ALL
    return first, second


class _PlainFile(apsw.VFSFile):
    """Any other file. SQLite expects some failures and passes over them; apsw would raise them all the same."""

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Lock; that a file which is open for reading only cannot be locked for writing is as if another had it."""
        try:
            super().xLock(level)
        except apsw.IOError as error:
            raise apsw.BusyError("the file cannot be locked") from error


class _LogFile(apsw.VFSFile):
    """The write-ahead log: notes a sum of each page when it is written, compares it when it is read."""

    def __init__(self, path: str, flags: list[int]) -> None:
        super().__init__(BASE, path, flags)
        self._notes = _open_notes(path + NOTES)
        # Of the pages written since the last note: the first one's frame, and their sums.
        self._first = 0
        self._taken: list[int] = []

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Read; a page only when it is what was written."""
        if self._taken:
            # A transaction that is larger than the cache reads back what it wrote.
            self._note_down()
        data: bytes = super().xRead(amount, offset)
        if amount == PAGE_BYTES and len(data) == amount:
            frame, rest = divmod(offset - _FIRST_PAGE, FRAME_BYTES)
            if rest == 0 and self._noted(frame) != _note(data) and not self._whole(frame, data):
                raise apsw.exception_for(apsw.SQLITE_IOERR_DATA)
        return data

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, and take the sum of a page."""
        super().xWrite(data, offset)
        if len(data) == PAGE_BYTES:
            frame, rest = divmod(offset - _FIRST_PAGE, FRAME_BYTES)
            if rest == 0:
                if self._taken and frame != self._first + len(self._taken):
                    self._note_down()
                if not self._taken:
                    self._first = frame
                self._taken.append(crc32(data))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Note the sums before the pages are on disk: nobody reads them earlier."""
        self._note_down()
        super().xSync(flags)

    def _note_down(self) -> None:
        """Write the sums of the pages that were written one behind the other."""
        if self._taken and self._notes >= 0:
            # A full disk: without the note, the frame's own checksum decides.
            with suppress(OSError):
                os.pwrite(self._notes, struct.pack(f"<{len(self._taken)}I", *self._taken), self._first * _NOTE_BYTES)
        self._taken.clear()

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        """Close the log and the notes."""
        if self._notes >= 0:
            os.close(self._notes)
            self._notes = -1
        super().xClose()

    def _noted(self, frame: int) -> bytes:
        try:
            return os.pread(self._notes, _NOTE_BYTES, frame * _NOTE_BYTES) if self._notes >= 0 else b""
        except OSError:
            return b""

    def _whole(self, frame: int, page: bytes) -> bool:
        """Whether a page is what its frame's checksum, which goes on from that of the frame before, says."""
        at = HEADER_BYTES + frame * FRAME_BYTES
        before_at = at - FRAME_BYTES + _CHECKSUM_AT if frame else HEADER_BYTES - 8
        header = super().xRead(FRAME_HEADER_BYTES, at)
        before = struct.unpack(">2I", super().xRead(8, before_at))
        (magic,) = struct.unpack(">I", super().xRead(4, 0))
        found = checksum((before[0], before[1]), header[:8] + page, big_endian=bool(magic & 1))
        return found == struct.unpack(">2I", header[_CHECKSUM_AT:])


class _Files(apsw.VFS):
    """Opens the log in our own way, everything else as cksumvfs does."""

    def __init__(self) -> None:
        super().__init__(NAME, BASE)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file for SQLite."""
        if name is None or not flags[0] & apsw.SQLITE_OPEN_WAL:
            return _PlainFile(BASE, name, flags)
        return _LogFile(name if isinstance(name, str) else name.filename(), flags)


_registered: list[apsw.VFS] = []
"""Keeps the file system alive; SQLite itself holds no reference to it."""


def register() -> None:
    """Make the file system known to SQLite, once per process; cksumvfs must be known already."""
    if not _registered:
        _registered.append(_Files())


def _note(page: bytes) -> bytes:
    return crc32(page).to_bytes(_NOTE_BYTES, "little")


def _open_notes(path: str) -> int:
    """A handle of the notes, -1 where there are none: then each frame's own checksum decides."""
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        try:
            return os.open(path, flags | os.O_CLOEXEC, 0o640)
        except OSError:
            continue
    return -1
