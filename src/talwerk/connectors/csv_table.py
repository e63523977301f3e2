"""Tables of measurements: CSV files by address, posted, or laid into the city's inbox.

What the columns mean says a mapping beside the profile (``mappings/<name>.toml``), the kind of file that replays use.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND
from talwerk.core.quality import Flag
from talwerk.sdk.connector import MIB, Beside, Connector, Request
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.paging import native_of
from talwerk.sdk.push import Push
from talwerk.sdk.reading import Context, Finding, Reading, Thing, Unusable
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.findings import ROWS, Findings, Kind
from talwerk.sdk.tables.mapping import Channel, Mapping, MappingFile
from talwerk.sdk.tables.rows import Row, RowReader
from talwerk.sdk.tables.stamps import Order
from talwerk.sdk.tables.table import read_header, records

TABLE = "table"
FLAGS = {"not-evaluated": Flag.NOT_EVALUATED, "pass": Flag.PASS, "suspect": Flag.SUSPECT, "fail": Flag.FAIL}
GAPS = frozenset({Kind.MISSING, Kind.REPEATED})
KEPT = frozenset({Kind.IMPLAUSIBLE})


@lru_cache(maxsize=64)
def read_mapping(text: str, name: str) -> Mapping:
    """The mapping of a text, for values of one source.

    Raises:
        DomainError: BadRequestData, with its place, when it is none, or says what only a replay can follow.
    """
    file = MappingFile(parse_declaration(text, Mapping, name), text, name)
    mapping = file.mapping
    if mapping.source.simulated:
        raise file.fault("A source brings what was measured, nothing simulated.", "source", "simulated")
    for index, channel in enumerate(mapping.channels):
        scheme, colon, _ = channel.entity.partition(":")
        if colon and scheme.lower() not in {"urn", "http", "https"}:
            detail = (
                f"The entity {channel.entity!r} names another source; here it is the source's own id, or a full URI."
            )
            raise file.fault(detail, "channel", index, "entity")
        if mapping.time.stamp == "start" and not (channel.interval_s or channel.cadence_s):
            detail = f'The channel {channel.column!r} needs cadence_s (or interval_s) with stamp = "start".'
            raise file.fault(detail, "channel", index)
    return mapping


def table(payload: bytes, context: Context) -> Iterator[Finding]:
    """The values of a table.

    Raises:
        DomainError: BadRequestData when it is not what the mapping describes; the message names the line.
    """
    ((name, text),) = context.parameters["mapping"].items()
    mapping, findings = read_mapping(text, name), Findings()
    order, last = Order.UNKNOWN, None
    for row in _rows(payload, mapping, Order.MIXED, Findings()):
        order = order if last is None else order.followed(last, row.at)
        last = row.at
    rows = list(_rows(payload, mapping, order, findings))
    if not rows and findings.rows:
        raise _unusable(findings)
    named = {(channel.entity, channel.type): channel.target for channel in mapping.channels if channel.target}
    for (entity, kind), target in named.items():
        yield Thing(native=_native(entity), type=kind, name=target)
    for index, channel in enumerate(mapping.channels):
        yield from _values(mapping, index, channel, rows)
    for found in findings.all():
        if found.kind not in KEPT:
            gap = found.kind in GAPS
            yield from (Unusable(reason=found.kind.value, gap=gap) for _ in range(found.count))


def _rows(payload: bytes, mapping: Mapping, order: Order, findings: Findings) -> Iterator[Row]:
    file = TableFile(Path(TABLE), TABLE)
    lines = file.lines(io.BytesIO(payload), mapping.encoding)
    header = read_header(file, lines, mapping)
    return RowReader(mapping, header, order, findings).rows(records(lines, header, mapping.delimiter, findings))


def _unusable(findings: Findings) -> DomainError:
    worst = max((found for found in findings.all() if found.kind in ROWS), key=lambda found: found.count)
    first = worst.examples[0]
    detail = f"None of the {findings.rows} rows is usable. Most often: {worst.kind.value}; here stands {first.text!r}."
    return TableFile(Path(TABLE), TABLE).fault(detail, first.line)


def _native(entity: str) -> str:
    return entity if ":" in entity else native_of(entity)


def _values(mapping: Mapping, index: int, channel: Channel, rows: list[Row]) -> Iterator[Reading]:
    low, high = channel.limits
    interval_s = (channel.interval_s or channel.cadence_s or 0) if mapping.time.stamp == "start" else 0
    for row in rows:
        value = row.values[index]
        if value is not None:
            yield Reading(
                native=_native(channel.entity),
                attribute=channel.attribute,
                value=value,
                observed=row.at + interval_s * SECOND,
                quality=FLAGS[channel.quality] if low <= value <= high else Flag.FAIL,
                type=channel.type,
                unit=channel.unit or "",
                dataset=native_of((channel.dataset or "").rpartition(":")[2]),
                method=channel.method,
            )


CONNECTOR = Connector(
    key="csv-table",
    title="Tabellen (CSV)",
    publisher="Wer die Tabellen schreibt",
    licence="unknown",
    terms="Each table has its own owner; the profile states licence and credit line for its source.",
    attribution="Tabellen, siehe Stadtprofil",
    requests=(Request(key=TABLE, path="/{+path}", parse=table, format="bytes"),),
    push=Push(parse=table, format="bytes", size_max=MIB, files=True),
    beside={"mapping": Beside(folder="mappings", read=read_mapping)},
    every_s=900,
    cadence_s=900,
    stale_s=7_200,
    size_max=30 * MIB,
    parameters={"mapping": None, "path": ""},
)
