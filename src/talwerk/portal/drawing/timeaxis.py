"""Ticks of the time axis: round local times with labels that fit side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from talwerk.portal.frame.phrases import EPOCH, Phrasebook

MICROSECOND = timedelta(microseconds=1)
LABEL_PX = {"minute": 64, "day": 64, "days": 76, "month": 84, "year": 56}
"""Room for one label of a kind at 14 px in a wide system font, with air to its neighbour."""

_MINUTE_STEPS = (1, 5, 15, 30, 60, 120, 180, 360, 720)
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 500, 1000)
_DAY_MINUTES = 1_440


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A round local time in the window and its label."""

    at_us: int
    label: str


def time_ticks(start_us: int, end_us: int, width_px: float, p: Phrasebook) -> tuple[TimeTick, ...]:
    """Return ticks inside a window, as many as fit beside each other.

    Args:
        start_us: Left edge, microseconds UTC.
        end_us: Right edge, later than the left one.
        width_px: Width of the drawing between the two.
        p: Language and zone.
    """
    first, last = p.local(start_us), p.local(end_us)
    kind, step = _step((end_us - start_us) / 60_000_000 / max(width_px, 1.0))
    ticks = []
    for wall in _walls(first, last, kind, step):
        at_us = (wall.replace(tzinfo=p.zone).astimezone(UTC) - EPOCH) // MICROSECOND
        real = p.local(at_us).replace(tzinfo=None) == wall  # a skipped spring hour has no place
        if start_us <= at_us <= end_us and real:
            ticks.append(TimeTick(at_us, _label(at_us, wall, (kind, step), p)))
    return tuple(ticks)


def _step(minutes_per_px: float) -> tuple[str, int]:
    """Choose the smallest unit and step whose labels fit beside each other."""
    for kind, steps, unit in (
        ("minute", _MINUTE_STEPS, 1),
        ("day", _DAY_STEPS, _DAY_MINUTES),
        ("month", _MONTH_STEPS, 28 * _DAY_MINUTES),
        ("year", _YEAR_STEPS, 365 * _DAY_MINUTES),
    ):
        for step in steps:
            room_px = LABEL_PX["days" if kind == "day" and step > 1 else kind]
            if step * unit >= room_px * minutes_per_px:
                return kind, step
    return "year", _YEAR_STEPS[-1]


def _walls(first: datetime, last: datetime, kind: str, step: int) -> Iterator[datetime]:
    """Yield naive round local times from before `first` to after `last`."""
    day = datetime(first.year, first.month, first.day)  # noqa: DTZ001 -- wall times carry no zone
    stop = last.replace(tzinfo=None)
    if kind == "minute":
        while day <= stop:
            yield from (day + timedelta(minutes=minute) for minute in range(0, _DAY_MINUTES, step))
            day += timedelta(days=1)
    elif kind == "day":
        # Weeks begin on Monday; two-day steps keep counting across months, so none is doubled.
        day -= timedelta(days=day.toordinal() % step if step < 7 else day.weekday())
        while day <= stop:
            yield day
            day += timedelta(days=step)
    else:
        months = step if kind == "month" else 12 * step
        index = (first.year * 12 + first.month - 1) // months * months
        while index <= last.year * 12 + last.month:
            if index // 12 in range(1, 10_000):
                yield datetime(index // 12, index % 12 + 1, 1)  # noqa: DTZ001 -- as above
            index += months


def _label(at_us: int, wall: datetime, grid: tuple[str, int], p: Phrasebook) -> str:
    kind, step = grid
    if kind == "minute" and (wall.hour or wall.minute):
        if wall.minute:
            return f"{wall.hour}:{wall.minute:02d}"
        return p.text("time.hour", hour=wall.hour)
    if kind == "minute" or (kind == "day" and step == 1):
        return p.text("time.weekday", weekday=p.date(at_us, "cccccc").rstrip("."), day=wall.day)
    if kind == "day":
        return p.date(at_us, p.text("time.pattern_day"))
    if kind == "year":
        return str(wall.year)
    return p.date(at_us, p.text("time.pattern_january" if wall.month == 1 else "time.pattern_month"))
