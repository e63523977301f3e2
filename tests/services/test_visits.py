"""Pages are counted by day and kind, in files that several processes share, and nothing else is kept."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from talwerk.services.visits import KEPT_DAYS, WRITTEN_EVERY_S, Visits

DAY = date(2026, 11, 20)


class Time:
    """A day and seconds that a test moves."""

    def __init__(self) -> None:
        self.day = DAY
        self.passed_s = 0.0

    def visits(self, folder: Path, process: str = "serve 1") -> Visits:
        return Visits(folder, process, lambda: self.day, lambda: self.passed_s)


@pytest.fixture
def time() -> Time:
    return Time()


def test_views_are_sums_by_day_and_kind(tmp_path: Path, time: Time) -> None:
    visits = time.visits(tmp_path / "visits")
    for kind in ("start", "start", "themes"):
        visits.count(kind)
    time.day += timedelta(days=1)
    visits.count("start")
    assert visits.days() == {DAY: {"start": 2, "themes": 1}, time.day: {"start": 1}}


def test_a_restart_goes_on_where_it_ended(tmp_path: Path, time: Time) -> None:
    visits = time.visits(tmp_path / "visits")
    visits.count("start")
    visits.keep()
    again = time.visits(tmp_path / "visits")
    again.count("start")
    assert again.days() == {DAY: {"start": 2}}


def test_a_minute_is_lost_at_most(tmp_path: Path, time: Time) -> None:
    visits, other = time.visits(tmp_path / "visits"), time.visits(tmp_path / "visits", "serve 2")
    visits.count("start")
    assert other.days() == {}
    time.passed_s += WRITTEN_EVERY_S
    visits.count("start")
    assert other.days() == {DAY: {"start": 2}}


def test_processes_add_up(tmp_path: Path, time: Time) -> None:
    one, other = time.visits(tmp_path / "visits"), time.visits(tmp_path / "visits", "serve 2")
    for visits in (one, other):
        visits.count("start")
        visits.keep()
    assert one.days() == other.days() == {DAY: {"start": 2}}


def test_only_numbers_are_on_the_disk(tmp_path: Path, time: Time) -> None:
    visits = time.visits(tmp_path / "visits")
    visits.count("here")
    visits.keep()
    (file,) = (tmp_path / "visits").iterdir()
    assert json.loads(file.read_text()) == {"2026-11-20": {"here": 1}}


def test_old_days_are_forgotten(tmp_path: Path, time: Time) -> None:
    visits = time.visits(tmp_path / "visits")
    visits.count("start")
    visits.keep()
    time.day += timedelta(days=KEPT_DAYS)
    visits.count("start")
    visits.keep()
    assert list(visits.days()) == [time.day]


def test_a_damaged_file_and_a_full_disk_cost_only_their_numbers(
    tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "visits"
    folder.mkdir()
    (folder / "serve-1.json").write_bytes(b'{"2026-11-20": {"st')
    (folder / "serve-2.json").mkdir()
    visits = time.visits(folder, "serve 2")
    visits.count("start")
    visits.keep()
    visits.keep()
    assert visits.days() == {DAY: {"start": 1}}
    assert caplog.text.count("cannot be written") == 1


def test_nothing_is_written_where_nobody_came(tmp_path: Path, time: Time) -> None:
    time.visits(tmp_path / "visits").keep()
    assert not (tmp_path / "visits").exists()
