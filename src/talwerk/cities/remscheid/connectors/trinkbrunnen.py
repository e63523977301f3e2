"""Drinking fountains as a CSV table on the city's own web space: number, name, street, place, whether they run.

No such table of the city is known: this is what one would look like that an office exports from a spreadsheet
(semicolons, decimal commas, "ja" and "nein"), and shows how a city reads what only it has.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.reading import Context, Finding, Thing, Whole, point, row_by_row

TYPE = "DrinkingWaterFountain"
STATUS = {"ja": "working", "nein": "closed"}


def fountains(table: Any, context: Context) -> Iterator[Finding]:
    """The fountains of the table; those that it no longer names are gone."""
    yield from row_by_row(csv.DictReader(table.splitlines(), delimiter=";"), lambda row: _fountain(row, context))
    yield Whole(type=TYPE)


def _fountain(row: dict[str, str], context: Context) -> Iterator[Finding]:
    native = row["Nr"].strip()
    if context.wanted and native not in context.wanted:
        return
    longitude, latitude = (row[name].replace(",", ".") for name in ("Länge", "Breite"))
    running = STATUS.get(row["In Betrieb"].strip().lower())
    yield Thing(
        native=native,
        type=TYPE,
        name=row["Name"].strip(),
        place=row["Straße"].strip(),
        location=point(longitude, latitude),
        statements={"status": running} if running else {},
    )


CONNECTOR = Connector(
    key="trinkbrunnen",
    title="Trinkbrunnen",
    publisher="Die Stadt",
    licence="unknown",
    terms="The city is not known to publish such a table; who publishes it states its terms in the profile.",
    attribution="Stadt Remscheid",
    requests=(Request(key="table", path="/trinkbrunnen.csv", parse=fountains, format="text"),),
    every_s=86_400,
    cadence_s=86_400,
    stale_s=259_200,
)
