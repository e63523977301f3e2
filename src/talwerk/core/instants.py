"""Time: int64 microseconds since 1970-01-01 UTC inside, RFC 3339 outside, and the one clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import NewType, Protocol

from .errors import bad_data

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00Z, leap seconds ignored as in POSIX."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FUTURE_TOLERANCE = 10 * MINUTE
"""A device's clock may run ahead this far; what lies further in the future never becomes current."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|z|[+-]\d{2}:?\d{2})",
    re.ASCII,
)
# Rivers were gauged from 1800 on, and plans do not reach beyond 2200: what lies outside is a broken clock.
EARLIEST = Instant(round((datetime(1800, 1, 1, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1)))
LATEST = Instant(round((datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1)))


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime.

    Raises:
        ValueError: when the datetime has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone names no instant")
    delta = moment - _EPOCH
    return Instant((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds)


def datetime_of(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


def instant_or_none(text: object) -> Instant | None:
    """The instant that an RFC 3339 text names, or None when it names none between 1800 and 2200."""
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    if offset in "Zz":
        offset = "+00:00"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
        instant = instant_of(moment) + (int(fraction[:6].ljust(6, "0")) if fraction else 0)
    except (ValueError, OverflowError):
        return None
    return Instant(instant) if EARLIEST <= instant < LATEST else None


def parse_instant(text: object, what: str = "time") -> Instant:
    """The instant that an RFC 3339 text with offset names.

    Raises:
        DomainError: BadRequestData when it is no date-time with offset between the years 1800 and 2200.
    """
    instant = instant_or_none(text)
    if instant is None:
        raise bad_data(f"The {what} {str(text)[:60]!r} is not a date-time with offset between the years 1800 and 2200.")
    return instant


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC with ``Z``; a fraction only when it is not zero, without trailing zeros."""
    moment = datetime_of(instant)
    # The first 26 characters of isoformat lie before the offset; it writes a fraction only when there is one.
    text = moment.isoformat()
    return text[:26].rstrip("0") + "Z" if moment.microsecond else text[:19] + "Z"


class Clock(Protocol):
    """The only source of time. Wall time stamps records; monotonic time drives time-outs."""

    def now(self) -> Instant:
        """The wall time as microseconds UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never goes back; only differences have a meaning."""
        ...


def clock_drift(newest: int, now: int) -> int:
    """How far the newest recorded time lies ahead of the clock, microseconds; 0 when it does not.

    The store's own times never go back: more than a moment of drift means that the clock was ahead once, or is behind
    now. That a clock is ahead now cannot be told from a city that stood still for that long.

    Args:
        newest: the newest time in the change log.
        now: the clock's.
    """
    return max(newest - now, 0)


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """The wall time as microseconds UTC."""
        return Instant(time.time_ns() // 1_000)

    def monotonic_s(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()
