"""Each check of the doctor with what it looks at, good and bad."""

from __future__ import annotations

import resource
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.broker.ports import WriterState
from talwerk.core.distribution import Distribution
from talwerk.core.instants import DAY, HOUR, MINUTE, SECOND, Instant, parse_instant
from talwerk.processes.copies.state import CopiesState, DrillState
from talwerk.processes.doctor import Level
from talwerk.processes.doctor.amounts import size, span
from talwerk.processes.doctor.edges import check_edges
from talwerk.processes.doctor.finding import Finding
from talwerk.processes.doctor.machine import check_clock, check_files_limit, check_memory, check_packages, check_sqlite
from talwerk.processes.doctor.places import check_directory, check_leftovers, check_room, check_secret
from talwerk.processes.doctor.running import check_copies, check_report, check_source
from talwerk.processes.duties import DutyState
from talwerk.processes.engine import Work
from talwerk.processes.growth import Forecast
from talwerk.processes.housekeeping import HousekeepingState
from talwerk.processes.report import Presence, Report
from talwerk.processes.vitals import Vitals
from talwerk.services.sources.state import Health, SourceState
from talwerk.settings import Settings
from talwerk.store.sqlite.scrub import Damage

NOW = parse_instant("2026-11-20T12:00:00Z")
GB = 10**9


def ago(microseconds: int) -> Instant:
    return Instant(NOW - microseconds)


def report(**members: object) -> Report:
    standard: dict[str, object] = {
        "version": "1",
        "city": "wuppertal",
        "at": NOW,
        "since": ago(HOUR),
        "writer": WriterState(waiting_max=10),
        "work": Work(Distribution.empty((1.0,))),
    }
    return Report(**(standard | members))  # type: ignore[arg-type]


def worst(findings: object) -> Level:
    found: list[Finding] = [findings] if isinstance(findings, Finding) else list(findings)  # type: ignore[call-overload]
    assert found
    assert all(f.advice for f in found if f.level.weight >= Level.WARNING.weight), "whoever warns says what to do"
    return max((f.level for f in found), key=lambda level: level.weight)


def process(files: int) -> Presence:
    vitals = Vitals(pid=1, started=NOW, rss_bytes=1, cpu_s=1, files=files, files_max=100)
    return Presence(name="serve 1", part=True, vitals=vitals)


@pytest.mark.parametrize(
    "members, level",
    [
        ({}, Level.OK),
        ({"writer": WriterState(trouble="The disk is full.")}, Level.ERROR),
        ({"writer": WriterState(lag_ms=11_000, waiting=3)}, Level.WARNING),
        ({"work": Work(Distribution.empty((1.0,)), refused=3)}, Level.NOTE),
        ({"duties": (DutyState(name="copies"),)}, Level.OK),
        ({"duties": (DutyState(name="copies", failures=2, error="OSError: x"),)}, Level.NOTE),
        ({"duties": (DutyState(name="copies", running=False, failures=2, error="OSError: x"),)}, Level.ERROR),
        ({"processes": (process(10),)}, Level.OK),
        ({"processes": (process(90),)}, Level.WARNING),
        ({"halted": "The data directory holds simulated values."}, Level.ERROR),
        ({"housekeeping": HousekeepingState(round_ended=NOW)}, Level.OK),
        ({"housekeeping": HousekeepingState(trouble="It cannot.")}, Level.WARNING),
        ({"housekeeping": HousekeepingState(damaged=(Damage(3, "obs"),))}, Level.ERROR),
    ],
)
def test_what_a_running_city_says(members: dict[str, object], level: Level) -> None:
    assert worst(check_report(report(**members), Path("data/wuppertal"))) is level


@pytest.mark.parametrize(
    "health, level",
    [
        (Health.FRESH, Level.OK),
        (Health.WAITING, Level.NOTE),
        (Health.STALE, Level.WARNING),
        (Health.SILENT, Level.WARNING),
        (Health.UNREACHABLE, Level.ERROR),
        (Health.MALFORMED, Level.ERROR),
    ],
)
def test_sources(health: Health, level: Level) -> None:
    found = check_source(SourceState(key="nrw", title="Pegel", since=ago(3 * HOUR), health=health), NOW)
    assert worst(found) is level
    assert level is Level.OK or level is Level.NOTE or "3 h" in found.what


def test_who_sends_is_not_asked() -> None:
    waiting = SourceState(key="nrw", title="Pegel", since=NOW)
    assert check_source(waiting, NOW).what == "Pegel was not asked yet."
    assert check_source(msgspec.structs.replace(waiting, sends=True), NOW).what == "Pegel has sent nothing yet."


def test_a_source_that_takes_longer_than_its_interval() -> None:
    found = check_source(
        SourceState(key="nrw", title="Pegel", since=NOW, health=Health.FRESH, late=3, late_s=40.0), NOW
    )
    assert worst(found) is Level.WARNING
    assert "40 s" in found.what


PASSED = DrillState(at=ago(DAY), passed=True)


@pytest.mark.parametrize(
    "copies, wanted, level",
    [
        (None, True, Level.WARNING),
        (CopiesState(backup=ago(HOUR), copy_on=True, copied=ago(SECOND), drill=PASSED), True, Level.OK),
        (CopiesState(backup=ago(HOUR), drill=PASSED), True, Level.NOTE),
        (CopiesState(backup=ago(3 * DAY)), True, Level.WARNING),
        (CopiesState(backup=ago(HOUR), backup_error="No room."), True, Level.ERROR),
        (CopiesState(backup=ago(HOUR), copy_on=True, copied=ago(2 * MINUTE)), True, Level.WARNING),
        (CopiesState(backup=ago(HOUR), copy_on=True, copy_error="It is gone."), True, Level.ERROR),
        (CopiesState(backup=ago(HOUR), drill=DrillState(at=ago(DAY), passed=False)), True, Level.ERROR),
        (CopiesState(), False, Level.WARNING),
    ],
)
def test_copies(copies: CopiesState | None, wanted: bool, level: Level) -> None:
    assert worst(check_copies(copies, NOW, wanted=wanted)) is level


def test_a_city_that_has_just_started_needs_no_backup_yet() -> None:
    assert worst(check_copies(None, NOW, wanted=True, since=ago(MINUTE))) is Level.NOTE
    assert worst(check_copies(None, NOW, wanted=True, since=ago(2 * HOUR))) is Level.WARNING
    assert worst(check_copies(None, NOW, wanted=False, since=ago(MINUTE))) is Level.WARNING


@pytest.mark.parametrize(
    "free, days, level",
    [
        (GB, None, Level.OK),
        (GB, 100.0, Level.OK),
        (GB, 50.0, Level.WARNING),
        (GB, 5.0, Level.ERROR),
        (GB // 4, None, Level.WARNING),
        (GB // 20, None, Level.ERROR),
    ],
)
def test_room(free: int, days: float | None, level: Level) -> None:
    coming = Forecast(days=days, bytes_a_day=10, from_days=9)
    assert worst(check_room(free, GB // 10, coming)) is level


def test_too_early_for_a_forecast_is_said() -> None:
    assert "too early" in list(check_room(GB, 0, None))[-1].what


def test_directories_and_secrets(tmp_path: Path) -> None:
    place = tmp_path / "city"
    assert worst(check_directory(place)) is Level.NOTE
    place.mkdir(mode=0o750)
    assert worst(check_directory(place)) is Level.OK
    place.chmod(0o755)
    assert worst(check_directory(place)) is Level.WARNING
    secret = place / "token"
    assert check_secret(secret, "token").level is Level.NOTE
    secret.write_text("x")
    secret.chmod(0o640)
    assert check_secret(secret, "token").level is Level.ERROR
    secret.chmod(0o600)
    assert check_secret(secret, "token").level is Level.OK


def test_leftovers(tmp_path: Path) -> None:
    assert list(check_leftovers(tmp_path, NOW)) == []
    (tmp_path / "replaced-20260101T000000").mkdir()
    (tmp_path / "replaced-20260101T000000" / "city.db").write_bytes(bytes(1_500))
    (tmp_path / "city.db.v1.bak").write_bytes(b"")
    found = list(check_leftovers(tmp_path, NOW))
    assert [f.level for f in found] == [Level.NOTE, Level.NOTE]
    assert "1.5 kB" in found[0].what
    (tmp_path / "city.db-wal-damaged-1").write_bytes(b"")
    assert worst(check_leftovers(tmp_path, NOW)) is Level.WARNING


def test_the_clock() -> None:
    assert check_clock(NOW, None, None).level is Level.OK
    assert check_clock(NOW, ago(DAY), True).level is Level.OK
    assert check_clock(NOW, ago(DAY), False).level is Level.NOTE
    assert check_clock(NOW, Instant(NOW + HOUR), True).level is Level.ERROR


def test_the_machine() -> None:
    assert check_files_limit(1_024).level is Level.WARNING
    assert check_files_limit(resource.RLIM_INFINITY).level is Level.OK
    assert check_memory("MemTotal: 1 kB\nMemAvailable:  100000 kB\n").level is Level.WARNING
    assert check_memory("MemAvailable:  8000000 kB\n").level is Level.OK
    assert check_memory("").level is Level.NOTE
    assert check_sqlite().level is Level.OK
    assert worst(check_packages()) is Level.OK


@pytest.mark.parametrize(
    "settings, level",
    [
        (Settings(), Level.OK),
        (Settings(dev_open_writes=True), Level.WARNING),
        (Settings(host="0.0.0.0", hosts=("city.example",)), Level.ERROR),
        (Settings(host="0.0.0.0", hosts=("city.example",), behind_proxy=True), Level.OK),
        (Settings(host="0.0.0.0", behind_proxy=True), Level.WARNING),
        (Settings(tls_certificate=Path("/no.pem"), tls_key=Path("/no.key")), Level.ERROR),
        (Settings(feeds="off"), Level.NOTE),
    ],
)
def test_edges(settings: Settings, level: Level) -> None:
    assert worst(check_edges(settings, NOW)) is level


@given(st.integers(0, 10**16))
def test_sizes_are_short(number: int) -> None:
    assert len(size(number)) <= 10


def test_amounts() -> None:
    assert [size(n) for n in (0, 999, 1_000, 12_345, 999_960, 12_300_000_000)] == [
        "0 B", "999 B", "1.0 kB", "12.3 kB", "1.0 MB", "12.3 GB",
    ]  # fmt: skip
    assert [span(s) for s in (0, 99, 100, 5_940, 6_000, 172_800, -60)] == [
        "0 s", "99 s", "2 min", "99 min", "2 h", "2 days", "-60 s",
    ]  # fmt: skip


@pytest.mark.parametrize("twin, way", [(True, "mv data/w data/w.old"), (False, "mv data/w data/w.simulated")])
def test_a_city_that_may_not_poll_names_the_cause_once_and_the_way_out(twin: bool, way: str) -> None:
    source = SourceState(key="nrw", title="Pegel", since=NOW, health=Health.UNREACHABLE, error="it is not asked")
    halted = report(halted="The data directory holds measured values.", sources=(source,))
    (found,) = [one for one in check_report(halted, Path("data/w"), twin=twin) if one.level is Level.ERROR]
    assert (found.about, "No source is polled" in found.what, way in found.advice) == ("sources", True, True)
