"""Times: what every stamp means, and that a doubled or skipped hour is never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import format_instant, instant_of, parse_instant
from talwerk.sdk.tables.findings import Kind
from talwerk.sdk.tables.mapping import TimeColumn
from talwerk.sdk.tables.stamps import Order, Stamps, doubled
from tests.services.replay.workbench import MAPPING, Bench

wall_time = datetime.fromisoformat
BERLIN = MAPPING.replace('offset = "Z"', 'zone = "Europe/Berlin"')
AUTUMN = wall_time("2024-10-27")
ZONES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC")


def stamps(**column: str) -> Stamps:
    return Stamps(TimeColumn(column="time", **column))  # type: ignore[arg-type]


@given(
    st.datetimes(wall_time("1800-01-02"), wall_time("2199-12-30")),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from([" ", "T"]),
)
def test_a_fixed_offset_is_plain_arithmetic(wall: datetime, minutes: int, between: str) -> None:
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    offset = f"{sign}{size // 60:02}:{size % 60:02}"
    expected = instant_of(wall.replace(tzinfo=UTC)) - minutes * 60_000_000
    assert stamps(offset=offset).read(wall.isoformat(between)) == expected
    assert stamps().read(wall.isoformat(between) + offset) == expected
    assert (
        stamps(format="%d.%m.%Y %H:%M:%S.%f", offset=offset).read(f"{wall:%d.%m.}{wall.year:04}{wall: %H:%M:%S.%f}")
        == expected
    )
    assert stamps(offset=offset).read(wall.isoformat(between) + offset) is Kind.TIME_CONTRADICTS
    assert stamps().read(wall.isoformat(between)) is Kind.TIME_OFFSET


@given(st.datetimes(wall_time("1980-01-01"), wall_time("2037-12-30")), st.sampled_from(ZONES))
def test_civil_time_is_an_instant_only_where_it_is_one(wall: datetime, zone: str) -> None:
    """Against the definition: all instants that show this wall time, found by trying every offset of that day."""
    tz = ZoneInfo(zone)
    tried = {(wall - timedelta(minutes=m)).replace(tzinfo=UTC) for m in range(-14 * 60, 14 * 60 + 1, 15)}
    meant = sorted(moment for moment in tried if moment.astimezone(tz).replace(tzinfo=None) == wall)
    reading = stamps(zone=zone)
    answer = reading.read(wall.isoformat())
    if len(meant) == 1:
        assert answer == instant_of(meant[0])
    elif not meant:
        assert answer is Kind.TIME_SKIPPED
    else:
        assert isinstance(answer, datetime)
        assert [reading.resolve(answer, second) for second in (False, True)] == [instant_of(m) for m in meant]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    for column in (
        TimeColumn(column="t"),
        TimeColumn(column="t", zone="Europe/Berlin"),
        TimeColumn(column="t", format="%d.%m.%y %H:%M %z"),
    ):
        assert isinstance(Stamps(column).read(text), int | datetime | Kind)


@given(st.lists(st.integers(0, 59), min_size=1, max_size=8), st.sampled_from(Order))
def test_passes_are_told_apart_only_when_they_turn_once(minutes: list[int], order: Order) -> None:
    walls = [AUTUMN + timedelta(hours=2, minutes=m) for m in minutes]
    answer = doubled(walls, order)
    assert len(answer) == len(walls)
    if None in answer:
        assert set(answer) == {None}
        return
    zone = ZoneInfo("Europe/Berlin")
    moments = [w.replace(tzinfo=zone, fold=int(bool(s))).astimezone(UTC) for w, s in zip(walls, answer, strict=True)]
    assert len(set(moments)) == len(moments)
    assert moments in (sorted(moments), sorted(moments, reverse=True))
    assert len(set(answer)) == 2


def night(step: int, *, skip: tuple[int, ...] = ()) -> list[datetime]:
    """Instants around the doubled hour of 2024 in central Europe, every ``step`` minutes."""
    begin = datetime(2024, 10, 26, 23, 0, tzinfo=UTC)
    return [begin + timedelta(minutes=step * i) for i in range(4 * 60 // step + 1) if i not in skip]


def civil(moments: list[datetime]) -> list[str]:
    zone = ZoneInfo("Europe/Berlin")
    return [f"{m.astimezone(zone):%Y-%m-%d %H:%M};{index}" for index, m in enumerate(moments)]


@pytest.mark.parametrize("step", [5, 15, 30, 60])
@pytest.mark.parametrize("falling", [False, True])
async def test_an_ordered_file_passes_through_the_doubled_hour(bench: Bench, step: int, falling: bool) -> None:
    moments = night(step)
    rows = civil(moments)
    report = await bench.replay("time;level\n" + "\n".join(rows[::-1] if falling else rows), BERLIN)
    assert report.complete
    assert bench.points().at == [instant_of(moment) for moment in moments]
    assert bench.points().values == list(range(len(moments)))


async def test_a_gap_within_the_doubled_hour_is_no_hindrance(bench: Bench) -> None:
    moments = night(15, skip=(5, 10))
    report = await bench.replay("time;level\n" + "\n".join(civil(moments)), BERLIN)
    assert report.complete
    assert bench.points().at == [instant_of(moment) for moment in moments]


@pytest.mark.parametrize(
    "rows",
    [
        ["01:30;1", "02:00;2", "02:30;3", "03:00;4"],
        ["01:30;1", "02:00;2", "02:00;2", "02:30;3", "03:00;4"],
        ["01:30;1", "02:00;2", "02:30;3", "02:00;4", "02:30;5", "02:00;6", "03:00;7"],
        ["01:30;1", "02:30;2", "02:00;3", "01:00;4", "03:00;5"],
    ],
    ids=["one pass missing", "a repeated row", "three passes", "an unordered file"],
)
async def test_what_the_order_does_not_tell_is_reported_and_left_out(bench: Bench, rows: list[str]) -> None:
    report = await bench.replay("time;level\n" + "".join(f"2024-10-27 {row}\n" for row in rows), BERLIN)
    lines = [line for line, row in enumerate(rows, start=2) if row.startswith("02")]
    (finding,) = report.findings
    assert (finding.kind, [example.line for example in finding.examples]) == (Kind.TIME_DOUBLED, lines[:5])
    assert report.rows_skipped == len(lines)
    assert len(bench.points().at) == len(rows) - len(lines)
    assert (await bench.replay("time;level\n" + "".join(f"2024-10-27 {row}\n" for row in rows), BERLIN)).values[:2] == (
        0,
        0,
    )


async def test_a_doubled_hour_in_the_wrong_place_is_not_believed(bench: Bench) -> None:
    """The file is in order but for one doubled hour, which stands a year too late."""
    rows = [
        "2024-10-27 01:30;1",
        "2025-10-27 01:30;2",
        "2024-10-27 02:30;3",
        "2024-10-27 02:00;4",
        "2025-10-27 03:00;5",
    ]
    report = await bench.replay("time;level\n" + "\n".join(rows), BERLIN)
    assert [(f.kind, f.count) for f in report.findings] == [(Kind.TIME_DOUBLED, 2)]
    assert bench.points().values == [1, 2, 5]


async def test_a_time_that_does_not_exist_is_reported_and_left_out(bench: Bench) -> None:
    rows = "2024-03-31 01:45;1\n2024-03-31 02:00;2\n2024-03-31 02:45;3\n2024-03-31 03:00;4\n"
    report = await bench.replay("time;level\n" + rows, BERLIN)
    assert [(f.kind, f.count) for f in report.findings] == [(Kind.TIME_SKIPPED, 2)]
    assert "    line 3: 2024-03-31 02:00" in report.text()
    assert [format_instant(at) for at in bench.points().at] == ["2024-03-31T00:45:00Z", "2024-03-31T01:00:00Z"]


async def test_a_file_of_nothing_but_the_doubled_hour(bench: Bench) -> None:
    rows = ["2024-10-27 02:00;1", "2024-10-27 02:30;2", "2024-10-27 02:00;3", "2024-10-27 02:30;4"]
    assert (await bench.replay("time;level\n" + "\n".join(rows), BERLIN)).complete
    assert bench.points().at[0] == parse_instant("2024-10-27T00:00:00Z")
    assert bench.points().values == [1, 2, 3, 4]
