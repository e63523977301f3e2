"""Time stamps as instants: nothing is guessed, what cannot be known is named.

A zone with daylight saving time has an hour that does not exist and one that comes twice. A doubled stamp is resolved
only by the order of the rows around it, see :func:`doubled`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from talwerk.core.instants import EARLIEST, LATEST, Instant

from .findings import Kind
from .mapping import ISO, TimeColumn

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time has no zone, that is the point
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Wall = datetime
"""Civil time without a zone, as the stamp reads."""


class Order(StrEnum):
    """How the rows of a file follow each other in time."""

    UNKNOWN = "unknown"
    """There are not two different times."""
    RISING = "rising"
    FALLING = "falling"
    MIXED = "mixed"

    def followed(self, before: int, after: int) -> Order:
        """The order of a file in which these two times follow each other."""
        if before == after or self is Order.MIXED:
            return self
        step = Order.RISING if before < after else Order.FALLING
        return step if self in (Order.UNKNOWN, step) else Order.MIXED


class Stamps:
    """Reads the stamps of one file.

    Args:
        column: what the mapping says about them.
    """

    def __init__(self, column: TimeColumn) -> None:
        zone = column.tzinfo()
        fixed = zone.utcoffset(None) if zone is not None else None
        self._parse: Callable[[str], datetime | None] = _iso if column.format == ISO else _strptime(column.format)
        self._zone: tzinfo | None = zone if fixed is None else None
        self._shift_us = 0 if fixed is None else fixed // _MICROSECOND
        self._carried = zone is None

    def read(self, text: str) -> Instant | Wall | Kind:
        """What a stamp says.

        Returns:
            The instant; or the wall time when it lies in a doubled hour; or what is wrong with it.
        """
        moment = self._parse(text)
        if moment is None:
            return Kind.TIME_TEXT if text else Kind.TIME_EMPTY
        if moment.tzinfo is not None:
            if not self._carried:
                return Kind.TIME_CONTRADICTS
            return _within((moment - _EPOCH) // _MICROSECOND)
        if self._carried:
            return Kind.TIME_OFFSET
        if self._zone is not None:
            return self._civil(moment, self._zone)
        return _within((moment - _NAIVE_EPOCH) // _MICROSECOND - self._shift_us)

    def resolve(self, wall: Wall, second: bool) -> Instant:
        """The instant of a doubled wall time, in its first or second pass."""
        return Instant((wall.replace(tzinfo=self._zone, fold=int(second)) - _EPOCH) // _MICROSECOND)

    def _civil(self, wall: Wall, zone: tzinfo) -> Instant | Wall | Kind:
        first, second = wall.replace(tzinfo=zone).utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
        if first == second and first is not None:
            return _within((wall - _NAIVE_EPOCH - first) // _MICROSECOND)
        # PEP 495: a gap has the smaller offset first, a fold the larger one.
        if first is None or second is None or first < second:
            return Kind.TIME_SKIPPED
        return wall


def _within(instant: int) -> Instant | Kind:
    return Instant(instant) if EARLIEST <= instant < LATEST else Kind.TIME_RANGE


def _iso(text: str) -> datetime | None:
    if _ISO.fullmatch(text) is None:
        return None
    # ISO 8601 knows 24:00 as the end of a day; Python 3.11 does not.
    late = text[11:16] == "24:00" and not text[16:19].strip(":0Zz")
    try:
        moment = datetime.fromisoformat(text[:11] + "00" + text[13:] if late else text)
        return moment + _DAY if late else moment
    except (ValueError, OverflowError):
        return None


def _strptime(form: str) -> Callable[[str], datetime | None]:
    def parse(text: str) -> datetime | None:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the mapping's zone or offset follows
        except (ValueError, OverflowError):
            return None

    return parse


def doubled(walls: Sequence[Wall], order: Order) -> list[bool | None]:
    """Tell the first from the second pass through a doubled hour by the order of its rows.

    Args:
        walls: wall times of neighbouring rows within one doubled hour, in the file's order.
        order: how the file is ordered.

    Returns:
        For each row whether it belongs to the second pass; None where that cannot be known.
    """
    rising = _passes(walls, falling=False) if order in (Order.RISING, Order.UNKNOWN) else None
    falling = _passes(walls, falling=True) if order in (Order.FALLING, Order.UNKNOWN) else None
    if (rising is None) == (falling is None):
        return [None] * len(walls)
    return list(rising if rising is not None else falling or ())


def _passes(walls: Sequence[Wall], *, falling: bool) -> list[bool] | None:
    """Two strictly rising (or falling) runs, or None when the rows are not exactly that."""
    turn = 0
    for index in range(1, len(walls)):
        if (walls[index] >= walls[index - 1]) if falling else (walls[index] <= walls[index - 1]):
            if turn:
                return None
            turn = index
    if not turn:
        return None
    # Of equal neighbours one could be a repeated row: only two complete passes tell it apart.
    if walls[turn] == walls[turn - 1] and list(walls[:turn]) != list(walls[turn:]):
        return None
    # Newest first, the second pass comes first.
    return [(index >= turn) != falling for index in range(len(walls))]
