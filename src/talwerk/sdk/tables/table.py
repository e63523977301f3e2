"""Lines as rows of a table: the header is checked once, every row for itself."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from .file import TableFile
from .findings import Findings, Kind
from .mapping import Mapping

HEADER_LINES_MAX = 50
"""A header cell may hold line breaks; one that never closes its quote must not swallow the file."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the mapped columns stand.

    Attributes:
        width: number of columns.
        time: position of the time column.
        values: positions of the channels' columns, in the plan's order.
        lines: how many lines the header takes.
    """

    width: int
    time: int
    values: tuple[int, ...]
    lines: int


def read_header(recording: TableFile, lines: Iterator[str], mapping: Mapping) -> Header:
    """The header of the file.

    Raises:
        DomainError: BadRequestData when it is no header, lacks a mapped column or holds it twice.
    """
    cells, taken = _header_cells(recording, lines, mapping.delimiter)
    wanted = [mapping.time.column, *(channel.column for channel in mapping.channels)]
    positions = [_position(recording, name, cells, mapping) for name in wanted]
    return Header(len(cells), positions[0], tuple(positions[1:]), taken)


def _header_cells(recording: TableFile, lines: Iterator[str], delimiter: str) -> tuple[list[str], int]:
    taken = 0

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in lines:
            taken += 1
            if taken > HEADER_LINES_MAX:
                return
            yield line

    try:
        cells = next(csv.reader(counted(), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        raise recording.fault(f"The header does not read as a row: {error}.", 1) from None
    if not taken:
        raise recording.fault("The file is empty.")
    if not cells:
        raise recording.fault("The first line, which should be the header, is empty.", 1)
    return [cell.strip() for cell in cells], taken


def _position(recording: TableFile, name: str, cells: list[str], mapping: Mapping) -> int:
    places = [index for index, cell in enumerate(cells) if cell == name.strip()]
    if len(places) == 1:
        return places[0]
    if places:
        raise recording.fault(f"The header names the column {name!r} {len(places)} times.", 1)
    found = ", ".join(repr(cell[:60]) for cell in cells[:40])
    raise recording.fault(f"The column {name!r} is missing.{_hint(name, cells, mapping)} The header has: {found}.", 1)


def _hint(name: str, cells: list[str], mapping: Mapping) -> str:
    """What is most likely wrong, when there is a way to tell."""
    near = _closest(name, cells)
    for cell in cells if mapping.encoding.lower() not in ("utf-8", "utf8") else ():
        try:
            if cell.encode(mapping.encoding).decode("utf-8") == name:
                return f' The file reads as utf-8; the mapping says encoding = "{mapping.encoding}".'
        except UnicodeError:
            continue
    if len(cells) == 1:
        used = next((sign for sign in ";,\t|" if sign in cells[0]), None)
        if used is not None:
            return f" The file seems to use the delimiter {used!r}; the mapping says {mapping.delimiter!r}."
    return f" The closest is {near!r}." if near else ""


def _closest(name: str, cells: list[str]) -> str | None:
    """The column that is most like the name, capitals aside: one that contains it, or is spelt like it."""
    folded = {cell.casefold(): cell for cell in reversed(cells) if cell}
    wanted = name.strip().casefold()
    around = [cell for fold, cell in folded.items() if wanted in fold or fold in wanted]
    near = get_close_matches(wanted, folded, n=1)
    return folded[near[0]] if near else around[-1] if around else None


Record = tuple[int, list[str]]
"""A line's number and its cells."""


def records(lines: Iterator[str], header: Header, delimiter: str, findings: Findings) -> Iterator[Record]:
    """The rows below the header with their line numbers; a record never goes beyond its line.

    Rows without any text are stepped over; extra cells at the end are allowed when they are empty. Broken rows are
    noted in the findings.
    """
    for number, line in enumerate(lines, start=header.lines + 1):
        text = line.rstrip("\r\n")
        if '"' in text:
            try:
                cells = next(csv.reader((text,), delimiter=delimiter, strict=True))
            except csv.Error:
                findings.row(Kind.QUOTES, number, text)
                continue
        else:
            cells = text.split(delimiter)
        if len(cells) != header.width:
            if not text.strip():
                continue
            if len(cells) < header.width or any(cell.strip() for cell in cells[header.width :]):
                findings.row(Kind.WIDTH, number, f"{len(cells)} cells instead of {header.width}")
                continue
        yield number, cells
