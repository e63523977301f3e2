"""Which backups stay, and when the next one is due: also when clocks change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import DAY, HOUR, SECOND, Instant, datetime_of, format_instant, instant_of, parse_instant
from talwerk.processes.copies.backup import MANIFEST, Manifest
from talwerk.processes.copies.daily import Plan, occurrence
from talwerk.processes.copies.keep import backups_in, name_of, surplus, tidy
from talwerk.store.sqlite.backup import Proof

BERLIN = ZoneInfo("Europe/Berlin")
KEEP = (7, 5, 12)
PROOF = Proof(version=1, position=1, entities=1, observations=1)
INSTANTS = st.integers(0, 40 * 365 * DAY).map(Instant)


def local(text: str) -> Instant:
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def made(place: Path, created: Instant, city: str = "wuppertal") -> Manifest:
    folder = place / name_of(created)
    folder.mkdir(parents=True)
    manifest = Manifest(city=city, created=format_instant(created), sha256="", bytes=1, proof=PROOF)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


def plan(place: Path, at: time | None = time(3, 15)) -> Plan:
    return Plan(city="wuppertal", directory=place, place=place, at=at, keep=KEEP, zone=BERLIN)


def test_two_years_of_daily_backups_leave_days_weeks_and_months() -> None:
    first = local("2024-01-01T03:15")
    all_of_them = [Instant(first + n * DAY) for n in range(730)]
    stay = sorted(set(all_of_them) - surplus(all_of_them, KEEP, BERLIN), reverse=True)
    days = [datetime_of(instant).astimezone(BERLIN).date() for instant in stay]
    assert days[:7] == [date(2025, 12, 30) - timedelta(days=n) for n in range(7)]
    assert date(2025, 11, 30) in days
    assert date(2025, 1, 31) in days
    assert date(2024, 12, 31) not in days
    assert len(stay) == 21


@given(st.sets(INSTANTS, max_size=40), st.tuples(*[st.integers(0, 5)] * 3))
def test_the_newest_stays_and_tidying_again_changes_nothing(created: set[Instant], keep: tuple[int, int, int]) -> None:
    unneeded = surplus(created, keep, BERLIN)
    stay = created - unneeded
    assert not created or max(created) in stay
    assert len(stay) <= max(sum(keep), 1)
    assert surplus(stay, keep, BERLIN) == set()


def test_what_we_did_not_make_is_never_removed(tmp_path: Path) -> None:
    start = local("2025-01-01T03:15")
    newest = [made(tmp_path, Instant(start + n * DAY)) for n in range(40)][-1]
    (tmp_path / "20250101T120000Z").mkdir()
    (tmp_path / "before-upgrade-20250101T120000Z").mkdir()
    (tmp_path / "holiday pictures").mkdir()
    made(tmp_path, Instant(start + HOUR), "solingen")
    before = len(list(tmp_path.iterdir()))
    tidy(tmp_path, newest, KEEP, BERLIN)
    left = {path.name for path in tmp_path.iterdir()}
    assert {"20250101T120000Z", "before-upgrade-20250101T120000Z", "holiday pictures"} <= left
    assert name_of(Instant(start + HOUR)) in left
    assert len(left) < before
    assert backups_in(tmp_path, "wuppertal")[-1].manifest == newest


def test_a_backup_that_was_just_made_stays_whatever_the_clock_said(tmp_path: Path) -> None:
    for n in range(40):
        made(tmp_path, Instant(local("2035-01-01T03:15") + n * DAY))
    newest = made(tmp_path, local("2025-01-01T03:15"))
    tidy(tmp_path, newest, (1, 0, 0), BERLIN)
    assert newest in [kept.manifest for kept in backups_in(tmp_path, "wuppertal")]


@pytest.mark.parametrize(
    "at, day, utc",
    [
        ("03:15", "2025-06-15", "2025-06-15T01:15:00Z"),
        ("03:15", "2025-12-15", "2025-12-15T02:15:00Z"),
        # Left out on that night, and there twice on this one.
        ("02:30", "2025-03-30", "2025-03-30T01:30:00Z"),
        ("02:30", "2025-10-26", "2025-10-26T00:30:00Z"),
    ],
)
def test_the_time_of_day_is_the_citys(at: str, day: str, utc: str) -> None:
    evening = local(f"{day}T20:00")
    assert format_instant(occurrence(evening, time.fromisoformat(at), BERLIN)) == utc


@given(INSTANTS, st.times())
def test_there_is_one_a_day(now: Instant, at: time) -> None:
    last, following = occurrence(now, at, BERLIN), occurrence(now, at, BERLIN, days=1)
    assert last <= now < following
    assert 22 * HOUR <= following - last <= 26 * HOUR


def test_a_backup_that_was_missed_is_due_at_once_and_one_that_was_made_is_not(tmp_path: Path) -> None:
    now = local("2025-06-15T12:00")
    assert plan(tmp_path).due(now) == local("2025-06-15T03:15")
    made(tmp_path, Instant(local("2025-06-15T03:15") + 5 * SECOND))
    assert plan(tmp_path).due(now) == local("2025-06-16T03:15")
    assert plan(tmp_path).due(Instant(now + DAY)) == local("2025-06-16T03:15")
    assert plan(tmp_path, None).due(now) is None


def test_a_backup_from_the_future_does_not_put_off_the_next(tmp_path: Path) -> None:
    made(tmp_path, parse_instant("2035-01-01T00:00:00Z"))
    now = local("2025-06-15T12:00")
    assert plan(tmp_path).due(now) == local("2025-06-15T03:15")
