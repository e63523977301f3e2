"""Rows in the order of time, each time once. A file in order passes through; any other is sorted in runs on disk."""

from __future__ import annotations

import heapq
import math
import struct
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from talwerk.sdk.tables.findings import Findings, Kind
from talwerk.sdk.tables.rows import Row
from talwerk.sdk.tables.stamps import Order

from .plan import Plan

RUN_ROWS = 100_000
"""Rows that are sorted in memory at once."""

_READ_ROWS = 1_000


def in_time(rows: Iterator[Row], order: Order, width: int) -> Iterator[Row]:
    """The rows by time; rows of one time keep the order of the file.

    Args:
        rows: in the order of the file.
        order: how the file is ordered.
        width: number of values in a row.
    """
    if order in (Order.RISING, Order.UNKNOWN):
        yield from rows
        return
    run = sorted(islice(rows, RUN_ROWS))
    if len(run) < RUN_ROWS:
        yield from run
        return
    with tempfile.TemporaryFile() as file:
        packing = struct.Struct(f"<qq{width}d")
        places = []
        while run:
            start = file.tell()
            file.writelines(packing.pack(at, line, *map(_packed, values)) for at, line, values in run)
            places.append((start, file.tell()))
            run = sorted(islice(rows, RUN_ROWS))
        yield from heapq.merge(*(_unpacked(file, packing, *place) for place in places))


def _packed(value: float | None) -> float:
    # No usable value is ever NaN, so that NaN can stand for "none".
    return math.nan if value is None else value


def _unpacked(file: BinaryIO, packing: struct.Struct, start: int, end: int) -> Iterator[Row]:
    while start < end:
        file.seek(start)
        block = file.read(min(end - start, _READ_ROWS * packing.size))
        start += len(block)
        for at, line, *values in packing.iter_unpack(block):
            yield Row(at, line, tuple(None if value != value else value for value in values))  # noqa: PLR0124


def each_once(rows: Iterator[Row], plan: Plan, findings: Findings) -> Iterator[Row]:
    """Rows of one time made into one: what the first of them says stands, what it leaves open the next may fill.

    A row that says nothing new is counted; a value that contradicts is noted with both lines and left out.
    """
    kept: Row | None = None
    for row in rows:
        if kept is None or row.at != kept.at:
            if kept is not None:
                yield kept
            kept = row
            continue
        kept = _merged(kept, row, plan, findings)
    if kept is not None:
        yield kept


def _merged(kept: Row, row: Row, plan: Plan, findings: Findings) -> Row:
    values = list(kept.values)
    new = False
    for index, (old, value) in enumerate(zip(kept.values, row.values, strict=True)):
        if value is None or old == value:
            continue
        new = True
        if old is None:
            values[index] = value
        else:
            text = f"{value:g} here, {old:g} in line {kept.line}"
            findings.value(Kind.CONFLICT, row.line, text, plan.targets[index].column)
    if not new:
        findings.row(Kind.REPEATED, row.line, f"as line {kept.line}")
    return Row(kept.at, kept.line, tuple(values))
