"""Tables by address: the columns that the source's mapping declares, of the last day, written as it says."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, tzinfo

from talwerk.core.instants import DAY, SECOND, Instant, datetime_of, format_instant
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.tables.mapping import ISO, Channel, Mapping, TimeColumn
from talwerk.twin.asked import Asked, steps
from talwerk.twin.instruments import Instrument, shown
from talwerk.twin.replies import Reply

RHYTHM_S = 900
"""Of columns that state none."""


def respond(asked: Asked) -> Reply | None:
    """The file that the source's ``path`` names."""
    files = asked.files.get("mapping", {})
    if asked.path != f"/{asked.source.parameters.get('path')}" or not files:
        return None
    ((name, text),) = files.items()
    mapping = parse_declaration(text, Mapping, name)
    step = min(channel.cadence_s or RHYTHM_S for channel in mapping.channels) * SECOND
    table = io.StringIO()
    writer = csv.writer(table, delimiter=mapping.delimiter)
    writer.writerow([mapping.time.column, *(channel.column for channel in mapping.channels)])
    for at in steps(asked.now - DAY, asked.now, step):
        # A stamp may be the start of what its values cover; the last interval has ended then.
        stamp = at - step if mapping.time.stamp == "start" else at
        writer.writerow([_stamp(mapping.time, stamp), *(_cell(asked, mapping, each, at) for each in mapping.channels)])
    return Reply(table.getvalue().encode(mapping.encoding), 200, {"content-type": "text/csv"})


def _stamp(time: TimeColumn, at: int) -> str:
    zone = time.tzinfo()
    if time.format == ISO:
        return format_instant(Instant(at)) if zone is None else _local(at, zone).replace(tzinfo=None).isoformat()
    return _local(at, zone or UTC).strftime(time.format)


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime_of(at).astimezone(zone)


def _cell(asked: Asked, mapping: Mapping, channel: Channel, at: int) -> str:
    low, high = channel.limits
    what = Instrument(
        native=channel.entity,
        attribute=channel.attribute,
        unit=channel.unit or "",
        spot=asked.land.settled(channel.entity),
        least=low,
        most=high,
    )
    value = shown(what, asked.source.key, at, asked.city, asked.land)
    return f"{value:.2f}".replace(".", mapping.decimal)
