"""One thing that a check found."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much it matters, in this order."""

    OK = "ok"
    NOTE = "note"
    """Good to know; nothing has to be done now."""
    WARNING = "warning"
    """It works, and will not for long or not when it is needed."""
    ERROR = "error"
    """Something does not work."""

    @property
    def weight(self) -> int:
        """0 for the least."""
        return list(Level).index(self)


class Finding(msgspec.Struct, frozen=True):
    """What a check found.

    Attributes:
        level: how much it matters.
        about: the subject: ``disk``, ``backup``, ``source nrw``.
        what: what is so, in one sentence.
        advice: what to do, empty when nothing has to be done.
    """

    level: Level
    about: str
    what: str
    advice: str = ""


def ok(about: str, what: str) -> Finding:
    """Nothing is wrong."""
    return Finding(Level.OK, about, what)


def note(about: str, what: str, advice: str = "") -> Finding:
    """Good to know."""
    return Finding(Level.NOTE, about, what, advice)


def warning(about: str, what: str, advice: str) -> Finding:
    """It will not go well for long."""
    return Finding(Level.WARNING, about, what, advice)


def error(about: str, what: str, advice: str) -> Finding:
    """Something does not work."""
    return Finding(Level.ERROR, about, what, advice)
