"""Reading every page of a database for the sake of its checksum, so that a damage is found before somebody needs it.

Pages are read beside SQLite's caches and outside of any transaction: it holds up nobody, and the log may grow and begin
anew meanwhile. A page that is just being written may be seen half old, half new; what is damaged is so a second time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import apsw
import msgspec

from . import frames
from .connection import open_reader
from .faults import translated
from .limits import Limits

_HEAD_BYTES = 100
_LOOKS, _BETWEEN_LOOKS_S = 3, 0.05
DAMAGES_MAX = 1_000
"""More are not listed: the file as a whole is lost then."""


class Damage(msgspec.Struct, frozen=True):
    """A page that does not agree with its checksum.

    Attributes:
        page: its number, from 1 on.
        place: the table or index that it belongs to, or some that it may belong to; empty where nobody can say (a page
            that is free, for example).
    """

    page: int
    place: str = ""


class PageCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at some pages found.

    Attributes:
        first: number of the first page that was looked at.
        checked: how many pages.
        pages: how many the file has.
        damaged: those that are damaged.
    """

    first: int
    checked: int
    pages: int
    damaged: tuple[Damage, ...] = ()


def check_pages(path: Path, first: int = 1, most: int | None = None) -> PageCheck:
    """Read pages of a database file and verify their checksums; the city may be running.

    Args:
        path: the database file.
        first: number of the first page.
        most: how many pages, all that follow when None.

    Raises:
        DomainError: Busy when the file cannot be read; InternalError when it is no city's database.
    """
    with _file(path) as (file, size):
        pages = file.xFileSize() // size
        end = pages if most is None else min(pages, first - 1 + most)
        damaged = list(islice((n for n in range(first, end + 1) if not _sound(file, n, size)), DAMAGES_MAX))
        for _ in range(_LOOKS):
            if damaged:
                time.sleep(_BETWEEN_LOOKS_S)
                damaged = [page for page in damaged if not _sound(file, page, size)]
    places = _places(path, damaged) if damaged else {}
    return PageCheck(
        first=first,
        checked=max(end - first + 1, 0),
        pages=pages,
        damaged=tuple(Damage(page, places.get(page, "")) for page in damaged),
    )


@contextmanager
def _file(path: Path) -> Iterator[tuple[apsw.VFSFile, int]]:
    """The file as SQLite sees it, and the size of its pages.

    Opened through SQLite: closing a file of our own would take the locks that this process holds on the database.
    """
    with translated():
        # Makes the checksumming file system known, and the kind of the file sure.
        open_reader(path, Limits()).close()
        file = apsw.VFSFile(frames.BASE, str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
        try:
            # With the beginning of the file cksumvfs learns that the pages have checksums.
            size = int.from_bytes(file.xRead(_HEAD_BYTES, 0)[16:18], "big")
            yield file, size if size > 1 else 65_536
        finally:
            file.xClose()


def _sound(file: apsw.VFSFile, page: int, size: int) -> bool:
    """Whether a page can be read and has the checksum that it says."""
    try:
        file.xRead(size, (page - 1) * size)
    except apsw.IOError:
        return False
    return True


def _places(path: Path, damaged: list[int]) -> dict[int, str]:
    """Whose pages they are, as far as the rest of the database tells: every table is gone through once."""
    found: dict[int, str] = {}
    broken: list[str] = []
    with translated(), closing(open_reader(path, Limits())) as reader:
        try:
            roots = {
                int(page): str(name)
                for name, page in reader.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0")
            }
        except apsw.Error:
            return {}
        for root, name in roots.items():
            if root in damaged:
                found[root] = name
            elif not _walked(reader, name, damaged, found):
                broken.append(name)
    # A walk ends at the first page that cannot be read: it names the table, not always the page.
    return dict.fromkeys(damaged, " or ".join(broken)) | found


def _walked(reader: apsw.Connection, name: str, damaged: list[int], found: dict[int, str]) -> bool:
    """Go through the pages of a table or index, as far as they can be read; returns whether all could."""
    try:
        for (page,) in reader.execute("SELECT pageno FROM dbstat WHERE name = ?", (name,)):
            if page in damaged:
                found[page] = name
    except apsw.Error:
        return False
    return True
