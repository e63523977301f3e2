"""What is erased is gone from the file, not only from the answers."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from talwerk.core.change import Mode, Target
from talwerk.core.instants import DAY, Instant
from talwerk.store import Keeping
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import NAME, NOON, StandingClock, change, prop, write

KEEPING = Keeping(today=Instant(NOON), raw_days=7, log_days=0)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_no_byte_of_what_was_erased_stays(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", StandingClock())
    write(store, change(Mode.CREATE, "urn:x:open", name=prop("nobody minds", NOON)))
    # Short and long ones, with history, replaced ones and last states.
    for number in range(30):
        for turn in range(3):
            words = f"hidden-{number}-{turn} " * (1 + 400 * (number % 2))
            write(store, change(Mode.UPDATE, f"urn:x:{number}", name=prop(words, NOON - turn * DAY)))
        write(store, change(Mode.UPDATE, f"urn:x:{number}", name=prop(f"hidden-corrected-{number}", NOON - DAY)))
    for number in range(30):
        if number % 3 == 0:
            write(store, change(Mode.ERASE, f"urn:x:{number}"))
        elif number % 3 == 1:
            write(store, change(Mode.DELETE, f"urn:x:{number}"))
            write(store, change(Mode.ERASE, f"urn:x:{number}"))
        else:
            target = Target(attribute=NAME)
            write(store, replace(change(Mode.ERASE_ATTRIBUTES, f"urn:x:{number}"), targets=(target,)))
    assert b"hidden" in bytes_of(tmp_path)
    while store.tidy(KEEPING, 1.0).more:
        pass
    store.close()
    left = bytes_of(tmp_path)
    # Compared outside of the assertion: nobody wants to read the file when it fails.
    kept, gone = left.count(b"nobody minds"), left.count(b"hidden")
    assert kept > 0
    assert gone == 0


def test_raw_values_that_are_too_old_leave_no_byte(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "city.db", StandingClock())
    for day in range(20):
        write(store, change(Mode.OBSERVE, name=prop(f"word-of-day-{day:02} " * 300, NOON - day * DAY)))
    write(store, change(Mode.UPDATE, name=prop("now", NOON)))
    while store.tidy(replace(KEEPING, log_rows=1), 1.0).more:
        pass
    store.close()
    left = bytes_of(tmp_path)
    found = [day for day in range(20) if f"word-of-day-{day:02}".encode() in left]
    assert found == list(range(8))
