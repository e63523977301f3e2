"""Every page is read for the sake of its checksum, beside a city that goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from talwerk.core.errors import DomainError
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.connection import VFS
from talwerk.store.sqlite.scrub import Damage, check_pages
from tests.contracts.cities import NOON, StandingClock, levels, write

PAGE = 4_096


def filled(path: Path) -> SqliteStore:
    store = SqliteStore.open(path, StandingClock())
    write(store, *(levels([NOON + n for n in range(1_000)], list(range(1_000)), f"urn:x:{e}") for e in range(20)))
    return store


def pages_of(path: Path, name: str, kind: str) -> list[int]:
    connection = apsw.Connection(str(path), vfs=VFS, flags=apsw.SQLITE_OPEN_READONLY)
    query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY pageno"
    found = [int(str(row[0])) for row in connection.execute(query, (name, kind))]
    connection.close()
    return found


def flip(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE + 2_000)
        byte = file.read(1)[0]
        file.seek((page - 1) * PAGE + 2_000)
        file.write(bytes([byte ^ 4]))


def test_a_sound_city_has_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path).close()
    whole = check_pages(path)
    assert (whole.first, whole.checked, whole.damaged) == (1, path.stat().st_size // PAGE, ())
    part = check_pages(path, 5, 10)
    assert (part.first, part.checked, part.pages) == (5, 10, whole.pages)
    assert check_pages(path, whole.pages + 1).checked == 0


def test_a_damaged_page_is_named_with_its_table(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path).close()
    page = pages_of(path, "obs", "leaf")[7]
    flip(path, page)
    assert check_pages(path).damaged == (Damage(page, "obs"),)
    assert check_pages(path, page + 1).damaged == ()
    assert check_pages(path, page, 1).damaged == (Damage(page, "obs"),)


def test_several_damages_and_roots_are_told(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path).close()
    leaves = pages_of(path, "obs", "leaf")
    (root,) = pages_of(path, "term", "leaf")
    for page in (leaves[3], leaves[9], root):
        flip(path, page)
    places = {damage.page: damage.place for damage in check_pages(path).damaged}
    assert places == {leaves[3]: "obs", leaves[9]: "obs", root: "term"}


def test_what_is_no_city_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear city\n" * 2_000)
    with pytest.raises(DomainError):
        check_pages(path)
    with pytest.raises(DomainError):
        check_pages(tmp_path / "nothing.db")


def test_a_city_that_writes_meanwhile_is_sound_and_stays_locked(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    filled(path).close()
    store = filled(path)
    stop = threading.Event()

    def keep_writing() -> None:
        start = int(NOON)
        while not stop.is_set():
            start += 5_000
            at = [start + n for n in range(500)]
            write(store, *(levels(at, [1] * 500, f"urn:x:{e}") for e in range(20)))

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        looked = [check_pages(path) for _ in range(10)]
    finally:
        stop.set()
        writing.join()
    assert all(look.damaged == () for look in looked)
    assert looked[0].checked > 100
    # Closing the file that was read did not take the locks of this process: nobody else can end the log under it.
    program = "import sys, apsw; apsw.Connection(sys.argv[1]).execute('PRAGMA journal_mode=DELETE').fetchall()"
    other = subprocess.run([sys.executable, "-c", program, str(path)], check=False, capture_output=True, text=True)
    assert "BusyError" in other.stderr, other.stderr
    store.close()
