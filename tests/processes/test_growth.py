from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import DAY, Instant, parse_instant
from talwerk.processes.growth import FILE, KEPT_DAYS, Size, forecast, note_size, read_sizes
from talwerk.store import Condition

NOW = parse_instant("2026-11-20T12:00:00Z")
START = date(2026, 1, 1)


def condition(data: int, free: int) -> Condition:
    return Condition(database_bytes=data, wal_bytes=0, disk_free_bytes=free, position=0)


def sizes(days: int, start: int, a_day: int, free: int, loss: int = 0) -> list[Size]:
    return [Size(START + timedelta(n), start + n * a_day, free - n * loss) for n in range(days)]


def test_a_day_is_noted_once_and_a_year_is_kept(tmp_path: Path) -> None:
    for n in range(KEPT_DAYS + 5):
        for _ in range(2):
            note_size(tmp_path, condition(n, 10), Instant(NOW + n * DAY))
    kept = read_sizes(tmp_path)
    assert len(kept) == KEPT_DAYS
    assert kept[-1].data_bytes == KEPT_DAYS + 4
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_days_of_a_clock_that_ran_ahead_are_forgotten(tmp_path: Path) -> None:
    note_size(tmp_path, condition(1, 10), Instant(NOW + 3_650 * DAY))
    note_size(tmp_path, condition(2, 10), NOW)
    assert [size.data_bytes for size in read_sizes(tmp_path)] == [2]


def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    assert read_sizes(tmp_path) == ()
    note_size(tmp_path, condition(1, 10), NOW)
    assert len(read_sizes(tmp_path)) == 1


def test_less_than_a_week_says_nothing() -> None:
    assert forecast([], 0) is None
    assert forecast(sizes(6, 0, 10, 1_000), 0) is None
    assert forecast([*sizes(1, 0, 10, 1_000), Size(START + timedelta(30), 5, 900)], 0) is None


@given(st.integers(7, 90), st.integers(1, 10**9), st.integers(0, 10**12))
def test_steady_growth_is_continued(days: int, a_day: int, free: int) -> None:
    found = forecast(sizes(days, 10**9, a_day, free), 0)
    assert found is not None
    assert abs(found.bytes_a_day - a_day) <= 1
    assert found.days is not None
    assert abs(found.days - free / a_day) <= max(0.01 * free / a_day, 0.01)


def test_the_faster_of_growth_and_loss_counts_and_the_reserve_stays_free() -> None:
    found = forecast(sizes(10, 0, 5, 1_000, loss=50), reserve_bytes=50)
    assert found is not None
    assert (found.bytes_a_day, found.days) == (50, 10.0)


def test_what_does_not_grow_fills_nothing() -> None:
    found = forecast(sizes(10, 100, 0, 1_000, loss=-5), 0)
    assert found is not None
    assert found.days is None
