"""How the city's data grow: one line a day, kept for a year, and what follows for the disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from talwerk.core.instants import Instant, datetime_of
from talwerk.store import Condition

FILE = "growth.json"
KEPT_DAYS = 400
LOOKED_AT_DAYS = 60
"""A forecast follows the recent past: a year ago there were other sources."""
ENOUGH_DAYS = 7


class Size(msgspec.Struct, frozen=True):
    """A day's sizes.

    Attributes:
        day: in UTC.
        data_bytes: of database and write-ahead log.
        free_bytes: what the disk had left.
    """

    day: date
    data_bytes: int
    free_bytes: int


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """When the disk will be full, if everything goes on as it did.

    Attributes:
        days: days from now on, None when it does not fill.
        bytes_a_day: what it loses each day.
        from_days: days that this was read from.
    """

    days: float | None
    bytes_a_day: int
    from_days: int


def note_size(directory: Path, condition: Condition, now: Instant) -> None:
    """Keep today's sizes, once a day.

    Raises:
        OSError: the file cannot be written.
    """
    today = datetime_of(now).date()
    known = read_sizes(directory)
    if any(size.day == today for size in known):
        return
    # A clock that was wrong for a while leaves days in the future, which would lead the forecast astray.
    past = [size for size in known if size.day < today]
    sizes = [*past, Size(today, condition.database_bytes + condition.wal_bytes, condition.disk_free_bytes)]
    draft = directory / f"{FILE}.draft"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(sizes[-KEPT_DAYS:])) + b"\n")
    os.replace(draft, directory / FILE)  # noqa: PTH105 - the same, and says that it is atomic


def read_sizes(directory: Path) -> tuple[Size, ...]:
    """The sizes that were kept, oldest first; nothing when there are none or they cannot be read."""
    try:
        return msgspec.json.decode((directory / FILE).read_bytes(), type=tuple[Size, ...])
    except (OSError, msgspec.DecodeError):
        return ()


def forecast(sizes: Sequence[Size], reserve_bytes: int) -> Forecast | None:
    """A straight line through the last two months: of the data's growth or of the disk's loss, whichever is faster.

    Args:
        sizes: oldest first.
        reserve_bytes: what has to stay free.

    Returns:
        None when less than a week is known: that says nothing.
    """
    if not sizes:
        return None
    recent = [size for size in sizes if (sizes[-1].day - size.day).days < LOOKED_AT_DAYS]
    span = (recent[-1].day - recent[0].day).days + 1
    if span < ENOUGH_DAYS or len(recent) < ENOUGH_DAYS // 2:
        return None
    days = [(size.day - recent[0].day).days for size in recent]
    growth = _slope(days, [size.data_bytes for size in recent])
    loss = -_slope(days, [size.free_bytes for size in recent])
    a_day = max(growth, loss)
    room = max(recent[-1].free_bytes - reserve_bytes, 0)
    return Forecast(days=room / a_day if a_day >= 1 else None, bytes_a_day=max(round(a_day), 0), from_days=span)


def _slope(xs: Sequence[int], ys: Sequence[int]) -> float:
    """Of the straight line with the least squares; ``xs`` holds at least two different numbers."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - mean_x) ** 2 for x in xs)
