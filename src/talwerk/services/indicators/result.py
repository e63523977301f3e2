"""What became of a measure: a value with everything that makes it quotable, or why there is none."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from talwerk.core.change import Provenance
from talwerk.core.instants import Instant

PEOPLE_LEAST = 10
"""Where addresses or people are counted, fewer than these are never told."""


class Absence(StrEnum):
    """Why there is no value."""

    UNSOURCED = "unsourced"
    """Nothing that the city has can tell; the declaration says what is missing."""
    NO_SERIES = "no-series"
    """No series of that kind has brought a value."""
    NO_COMMON_TIME = "no-common-time"
    """There is no recent time for which all of the series have a good value."""
    TOO_FEW_VALUES = "too-few-values"
    """There are values, and on no day enough of them."""
    NO_THINGS = "no-things"
    """No thing of that kind is loaded."""
    NO_ADDRESSES = "no-addresses"
    """The city's addresses are not loaded."""
    TOO_FEW = "too-few"
    """Fewer than ten are counted: telling could point at somebody."""
    NO_SOURCES = "no-sources"
    """No source has been asked yet."""


class Part(msgspec.Struct, frozen=True):
    """How many of the addresses of a quarter are counted.

    Attributes:
        key: of the quarter.
        numerator: those that are counted.
        denominator: all of them, at least :data:`PEOPLE_LEAST`.
    """

    key: str
    numerator: int
    denominator: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a measure.

    Attributes:
        value: in the indicator's unit, None when there is none.
        absence: why there is none.
        numerator: above the line.
        denominator: below the line.
        count: how many series, addresses or sources it rests on.
        observed: the newest observation that was used, or the end of what was looked at; None when no observation was.
        start: of the period that it speaks of, None for the present.
        end: the instant after it.
        place: the entity that it speaks of, where it is that of the worst; empty otherwise.
        origins: where what was used comes from, each once.
        parts: the same for quarters, where official boundaries say which addresses are theirs; by key.
    """

    value: float | None = None
    absence: Absence | None = None
    numerator: float | None = None
    denominator: float | None = None
    count: int = 0
    observed: Instant | None = None
    start: Instant | None = None
    end: Instant | None = None
    place: str = ""
    origins: tuple[Provenance, ...] = ()
    parts: tuple[Part, ...] = ()


def absent(reason: Absence) -> Result:
    """No value, and why."""
    return Result(absence=reason)


def percent(part: float, whole: float) -> float:
    """How many of a hundred; what makes up the whole has to be there."""
    return 100 * part / whole
