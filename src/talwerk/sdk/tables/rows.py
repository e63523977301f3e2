"""Rows as instants and values, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from talwerk.core.instants import Instant

from .figures import Figures
from .findings import Findings, Kind
from .mapping import Mapping
from .stamps import Order, Stamps, Wall, doubled
from .table import Header

DOUBLED_MAX = 100_000
"""Neighbouring rows within one doubled hour that are held to be told apart; one a second is 7,200."""


class Row(NamedTuple):
    """One row.

    Attributes:
        at: instant of its stamp, microseconds UTC.
        line: its line in the file.
        values: one per target, None where there is no usable value.
    """

    at: int
    line: int
    values: tuple[float | None, ...]


class RowReader:
    """Reads the records of one file; what is left out goes to the findings.

    Args:
        mapping: what to read.
        header: where the columns stand.
        order: how the file is ordered, as far as it is known.
        findings: where everything odd is noted.
    """

    def __init__(self, mapping: Mapping, header: Header, order: Order, findings: Findings) -> None:
        self._stamps = Stamps(mapping.time)
        self._figures = Figures(mapping.decimal)
        self._columns = tuple(
            (position, channel.column, channel.missing_texts, *channel.limits)
            for position, channel in zip(header.values, mapping.channels, strict=True)
        )
        self._time = header.time
        self._order = order
        self._findings = findings
        self._held: list[tuple[Wall, int, tuple[float | None, ...]]] = []

    def rows(self, records: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
        """The usable rows, in the order of the file."""
        last: Instant | None = None
        for line, cells in records:
            text = cells[self._time].strip()
            stamp = self._stamps.read(text)
            if isinstance(stamp, Kind):
                if stamp is not Kind.TIME_EMPTY or any(cell.strip() for cell in cells):
                    self._findings.row(stamp, line, text)
                continue
            values = self._values(line, cells)
            if isinstance(stamp, Wall):
                self._hold(stamp, line, values)
                continue
            if self._held:
                yield from self._released(last, stamp)
            last = stamp
            yield Row(stamp, line, values)
        yield from self._released(last, None)

    def _values(self, line: int, cells: list[str]) -> tuple[float | None, ...]:
        values: list[float | None] = []
        for position, column, missing, low, high in self._columns:
            text = cells[position].strip()
            if text in missing:
                self._findings.value(Kind.MISSING, line, text, column)
                values.append(None)
                continue
            value = self._figures.read(text)
            if isinstance(value, Kind):
                hint = self._figures.hint(text)
                self._findings.value(value, line, f"{text[:60]!r} ({hint})" if hint else repr(text[:60]), column)
                values.append(None)
                continue
            if not low <= value <= high:
                self._findings.value(Kind.IMPLAUSIBLE, line, text, column)
            values.append(value)
        return tuple(values)

    def _hold(self, wall: Wall, line: int, values: tuple[float | None, ...]) -> None:
        if len(self._held) < DOUBLED_MAX:
            self._held.append((wall, line, values))
        else:
            self._findings.row(Kind.TIME_DOUBLED, line, str(wall))

    def _released(self, last: Instant | None, following: Instant | None) -> Iterator[Row]:
        """The held rows of a doubled hour, as far as their order tells which pass they belong to."""
        held, self._held = self._held, []
        passes = doubled([wall for wall, _, _ in held], self._order)
        instants = [
            None if second is None else self._stamps.resolve(wall, second)
            for (wall, _, _), second in zip(held, passes, strict=True)
        ]
        if not self._fits(last, instants, following):
            instants = [None] * len(held)
        for (wall, line, values), instant in zip(held, instants, strict=True):
            if instant is None:
                self._findings.row(Kind.TIME_DOUBLED, line, str(wall))
            else:
                yield Row(instant, line, values)

    def _fits(self, last: Instant | None, instants: list[Instant | None], following: Instant | None) -> bool:
        """Whether resolved instants lie where the order of the file puts them."""
        around = [at for at in (last, *instants, following) if at is not None]
        return around == sorted(around, reverse=self._order is Order.FALLING)
