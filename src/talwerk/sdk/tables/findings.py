"""What was found in a file that is not a plain value: counted by kind, the first of each with line and text."""

from __future__ import annotations

from enum import StrEnum

import msgspec

EXAMPLES_MAX = 5
TEXT_MAX = 80


class Kind(StrEnum):
    """Kinds of findings."""

    WIDTH = "row with another number of cells than the header"
    QUOTES = "row with broken quotes"
    TIME_EMPTY = "row without a time"
    TIME_TEXT = "time that does not fit the format"
    TIME_OFFSET = "time without an offset, and the mapping names neither zone nor offset"
    TIME_CONTRADICTS = "time with an offset of its own, although the mapping names one"
    TIME_SKIPPED = "time that does not exist: the clock was put forward"
    TIME_DOUBLED = "time in the doubled hour: the order of the rows does not tell which one is meant"
    TIME_RANGE = "time outside of the years 1800 to 2200"
    NUMBER = "value that is no number"
    NUMBER_RANGE = "number that no computer holds"
    CONFLICT = "second value for the same time: the first one is kept"
    REPEATED = "row that says once more what another said"
    MISSING = "cell without a value"
    IMPLAUSIBLE = "value outside of its limits: kept and flagged as failed"
    FUTURE = "value later than now: kept and flagged, never current"


ROWS = frozenset(
    {
        Kind.WIDTH,
        Kind.QUOTES,
        Kind.TIME_EMPTY,
        Kind.TIME_TEXT,
        Kind.TIME_OFFSET,
        Kind.TIME_CONTRADICTS,
        Kind.TIME_SKIPPED,
        Kind.TIME_DOUBLED,
        Kind.TIME_RANGE,
    }
)
"""The whole row is left out."""
VALUES = frozenset({Kind.NUMBER, Kind.NUMBER_RANGE, Kind.CONFLICT})
"""One value is left out."""


class Example(msgspec.Struct, frozen=True):
    """One place where it was found.

    Attributes:
        line: number of the line, the header's first line being 1.
        text: what stands there, shortened.
    """

    line: int
    text: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All findings of one kind.

    Attributes:
        kind: what was found.
        count: how often.
        column: in which column, None for whole rows.
        skipped: whether it was left out.
        examples: the first places.
    """

    kind: Kind
    count: int
    skipped: bool
    column: str | None = None
    examples: tuple[Example, ...] = ()


class Findings:
    """Collects findings in bounded memory.

    Attributes:
        rows: rows that were left out as a whole.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._counts: dict[tuple[Kind, str | None], int] = {}
        self._examples: dict[tuple[Kind, str | None], list[Example]] = {}

    def row(self, kind: Kind, line: int, text: str) -> None:
        """Note something about a whole row."""
        self.rows += kind in ROWS
        self.value(kind, line, text, None)

    def value(self, kind: Kind, line: int, text: str, column: str | None) -> None:
        """Note something about one cell."""
        key = (kind, column)
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        if count < EXAMPLES_MAX:
            shown = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
            self._examples.setdefault(key, []).append(Example(line, shown))

    def count(self, kind: Kind, column: str | None = None) -> int:
        """How often it was found."""
        return self._counts.get((kind, column), 0)

    def all(self) -> tuple[Finding, ...]:
        """Everything found, left-out rows first."""
        order = {kind: index for index, kind in enumerate(Kind)}
        found = sorted(self._counts.items(), key=lambda item: (order[item[0][0]], item[0][1] or ""))
        return tuple(
            Finding(
                kind=kind,
                count=count,
                skipped=kind in ROWS | VALUES,
                column=column,
                examples=tuple(self._examples[kind, column]),
            )
            for (kind, column), count in found
        )
