"""Quality of a value: the QARTOD flags, and marks that say what is odd about its time."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Flag(IntEnum):
    """QARTOD primary flags (IOC 54:V3): the verdict on a value."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Mark(IntFlag):
    """What is odd about a value's time; stored in the bits above the flag."""

    NONE = 0
    TIME_ASSUMED = 16
    """No observedAt came with it: the writer's clock was used."""
    FUTURE = 32
    """Observed later than the clock allows: kept, never current."""
    OUT_OF_ORDER = 64
    """Made current by an explicit update although a newer observation existed."""


FLAG_MASK = 15


def stored(flag: Flag, mark: Mark = Mark.NONE) -> int:
    """Flag and marks as the one integer that the store keeps."""
    return int(flag) | int(mark)


def flag_of(value: int) -> Flag:
    """The flag within a stored integer."""
    return Flag(value & FLAG_MASK)


def mark_of(value: int) -> Mark:
    """The marks within a stored integer."""
    return Mark(value & ~FLAG_MASK)


def is_good(value: int) -> bool:
    """Whether a stored quality counts as good: neither failed nor missing."""
    return (value & FLAG_MASK) not in (Flag.FAIL, Flag.MISSING)
