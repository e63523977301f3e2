"""What can be said of a source, from how its last requests ended and how old its newest value is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from talwerk.core.instants import FUTURE_TOLERANCE, SECOND, Instant

from .state import Health


class Ending(Enum):
    """How a request ended last time."""

    OPEN = "open"
    """It was not asked yet."""
    VALUES = "values"
    """It brought something."""
    NOTHING = "nothing"
    """It was answered, without any value."""
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"


FAILURES = frozenset({Ending.UNREACHABLE, Ending.MALFORMED})


class Course(msgspec.Struct, kw_only=True):
    """How a request went.

    Attributes:
        ending: of the last one.
        error: why it failed, a clause; empty when it did not.
        failures: how often in a row.
    """

    ending: Ending = Ending.OPEN
    error: str = ""
    failures: int = 0


def judge(courses: Iterable[Course], newest: Instant | None, now: Instant, stale_s: int) -> Health:
    """How a source is.

    Args:
        courses: of the requests that bring values; optional ones are not among them.
        newest: time of the newest good value that is known.
        now: the present.
        stale_s: seconds after which it is stale.

    Returns:
        A source whose requests all failed is unreachable, or malformed as soon as one of them was answered. One with
        at least one answer is judged by its newest value.
    """
    endings = {course.ending for course in courses}
    if not endings or (Ending.OPEN in endings and not endings - FAILURES - {Ending.OPEN}):
        return Health.WAITING
    if endings <= FAILURES:
        return Health.MALFORMED if Ending.MALFORMED in endings else Health.UNREACHABLE
    # After a clock was set back, what was new before says nothing about now.
    if newest is not None and -FUTURE_TOLERANCE <= now - newest <= stale_s * SECOND:
        return Health.FRESH
    if Ending.OPEN in endings:
        # What has come so far is old; what is still asked for the first time may be newer.
        return Health.WAITING
    return Health.STALE if Ending.VALUES in endings else Health.SILENT
