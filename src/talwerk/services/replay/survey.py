"""The first pass over a file: everything is read, nothing is written, so that a bad file leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from talwerk.core.errors import DomainError
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.findings import ROWS, Findings, Kind
from talwerk.sdk.tables.rows import Row, RowReader
from talwerk.sdk.tables.stamps import Order
from talwerk.sdk.tables.table import read_header, records

from .plan import Plan

HEAD_ROWS = 20
"""When not one of so many first rows is usable, the mapping does not fit and reading on tells nothing more."""
BROKEN_MIN = 100
BROKEN_SHARE_MAX = 0.5
"""When more than half of the rows (and at least 100) are broken, this is not the file that the mapping describes."""
TURN_ROWS = 2_000
"""After so many rows others get their turn on the event loop."""

Progress = Callable[[str, int, int], None]
"""Told the stage (``check`` or ``write``), the bytes done, and all bytes."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass found.

    Attributes:
        order: how the rows follow each other.
        rows: usable rows.
        values: usable values per target.
        findings: everything odd.
    """

    order: Order
    rows: int
    values: tuple[int, ...]
    findings: Findings


async def survey(recording: TableFile, file: BinaryIO, plan: Plan, progress: Callable[[], None]) -> Survey:
    """Read the whole file once.

    Raises:
        DomainError: BadRequestData, naming the place, when the file is not what the mapping describes.
    """
    findings = Findings()
    order, last, count = Order.UNKNOWN, None, 0
    values = [0] * len(plan.targets)
    # Doubled hours need the order, which is known only afterwards: here they are merely set aside.
    for row in read_rows(recording, file, plan, Order.MIXED, findings):
        if last is not None:
            order = order.followed(last, row.at)
        last = row.at
        for index, value in enumerate(row.values):
            values[index] += value is not None
        count += 1
        if count % TURN_ROWS == 0:
            progress()
            await asyncio.sleep(0)
    result = Survey(order, count, tuple(values), findings)
    _check(recording, plan, result)
    return result


def read_rows(recording: TableFile, file: BinaryIO, plan: Plan, order: Order, findings: Findings) -> Iterator[Row]:
    """The usable rows of the file, in its order.

    Raises:
        DomainError: BadRequestData when the file is no table, or almost nothing of it is usable.
    """
    lines = recording.lines(file, plan.mapping.encoding)
    header = read_header(recording, lines, plan.mapping)
    found = records(_watched(lines, recording, plan, findings), header, plan.mapping.delimiter, findings)
    return RowReader(plan.mapping, header, order, findings).rows(found)


def _watched(lines: Iterator[str], recording: TableFile, plan: Plan, findings: Findings) -> Iterator[str]:
    """The same lines; stops with an error as soon as it is plain that the mapping does not fit."""
    for count, line in enumerate(lines):
        if count == HEAD_ROWS and findings.rows - findings.count(Kind.TIME_DOUBLED) >= HEAD_ROWS:
            raise unusable(recording, plan, findings, f"None of the first {HEAD_ROWS} rows is usable")
        yield line


def _check(recording: TableFile, plan: Plan, result: Survey) -> None:
    """Refuse a file of which nothing, or too little, can be used."""
    findings = result.findings
    doubled = findings.count(Kind.TIME_DOUBLED)
    if not result.rows and not doubled:
        if findings.rows:
            raise unusable(recording, plan, findings, f"None of the {findings.rows} rows is usable")
        raise recording.fault("The file has a header and no rows.")
    broken = findings.rows - doubled
    if broken >= BROKEN_MIN and broken > BROKEN_SHARE_MAX * (broken + result.rows):
        raise unusable(recording, plan, findings, f"{broken} of {broken + result.rows} rows are broken")
    for target, count in zip(plan.targets, result.values, strict=True):
        wrong = next((f for f in findings.all() if f.kind is Kind.NUMBER and f.column == target.column), None)
        if wrong and not count:
            first = wrong.examples[0]
            detail = f"The column {target.column!r} holds no number; here stands {first.text}."
            raise recording.fault(detail, first.line)


def unusable(recording: TableFile, plan: Plan, findings: Findings, what: str) -> DomainError:
    """The error that says what is wrong with most of the rows, and shows one of them."""
    worst = max((f for f in findings.all() if f.kind in ROWS), key=lambda finding: finding.count)
    first = worst.examples[0]
    detail = f"{what}; nothing was written. Most often: {worst.kind.value}; here stands {first.text!r}."
    if worst.kind in (Kind.TIME_TEXT, Kind.TIME_EMPTY):
        time = plan.mapping.time
        detail += f" The mapping reads the times from the column {time.column!r} in the format {time.format!r}."
    if worst.kind is Kind.WIDTH:
        detail += f" The mapping says delimiter = {plan.mapping.delimiter!r}."
    return recording.fault(detail, first.line)
