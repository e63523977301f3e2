"""Levels, discharges and rain from a 52°North Helgoland interface (SensorWeb), as water boards run it: its older paths.

Public clients know the shape: a list of series with station and unit, and values with milliseconds since 1970, UTC.
Whether a stamp is the start or the end of what it sums up (rain) is not documented; the end is assumed. Where a station
has several series of one quantity (raw values, daily means), the one with the newest value is read.
No live interface was ever reached from where this was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import MIB, Connector, Quantity, Request
from talwerk.sdk.reading import Ask, Context, Finding, Thing, Unusable, epoch_ms, measured_at, number, point, row_by_row

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
UNITS = {
    "cm": ("height", 1.0),
    "m": ("height", 100.0),
    "m³/s": ("flow", 1.0),
    "m3/s": ("flow", 1.0),
    "l/s": ("flow", 0.001),
    "mm": ("precipitation", 1.0),
}
"""What a unit says about a series, and the factor to the unit that the quantity is kept in."""


def native_of(label: str, names: str) -> str:
    """The id of a station: its label in plain letters, or what the parameter ``names`` says (``label = id; ...``)."""
    pairs = (pair.partition("=") for pair in names.split(";"))
    named = {known.strip(): native.strip() for known, _, native in pairs}
    plain = re.sub(r"[^a-z0-9]+", "-", label.lower().translate(UMLAUTS)).strip("-")
    return named.get(label.strip()) or plain


def series(payload: Any, context: Context) -> Iterator[Finding]:
    """What the list says of the wanted stations, and what to ask about each of their series."""
    best: dict[tuple[str, str], tuple[float, Thing, Ask]] = {}

    def read(row: Any) -> Iterator[Finding]:
        station, unit = row["station"], str(row["uom"]).strip()
        label = str(station["properties"]["label"]).strip()
        native = native_of(label, str(context.parameters["names"]))
        if not native or (context.wanted and native not in context.wanted):
            return
        if unit not in UNITS:
            yield Unusable(reason="a series has another unit than those of levels, discharge and rain", gap=True)
            return
        attribute, _ = UNITS[unit]
        # A third coordinate is "NaN" there, as a text.
        longitude, latitude, *_ = (station.get("geometry") or {}).get("coordinates") or (None, None)
        kind = "WeatherObserved" if attribute == "precipitation" else "WaterObserved"
        thing = Thing(native=native, type=kind, name=label, location=point(longitude, latitude))
        asked = {"native": native, "unit": unit, "id": str(row["id"])}
        newest = epoch_ms((row.get("lastValue") or {}).get("timestamp")) or -math.inf
        if (native, attribute) not in best or newest > best[native, attribute][0]:
            best[native, attribute] = (newest, thing, Ask(request="values", parameters=asked))

    yield from row_by_row(payload, read)
    for _, thing, ask in best.values():
        yield thing
        yield ask
    for native in context.wanted:
        if native not in {found for found, _ in best}:
            yield Unusable(reason=f"station {native} is not in the list")


def values(payload: Any, context: Context) -> Iterator[Finding]:
    """The values of one series."""
    attribute, factor = UNITS[context.parameters["unit"]]

    def read(row: Any) -> Iterator[Finding]:
        # Missing values are null, or NaN as a word or a text.
        missing = row["value"] is None or str(row["value"]).strip().lower() == "nan"
        found = number(row["value"])
        value = None if missing else row["value"] if found is None else round(found * factor, 6)
        yield measured_at(context.parameters["native"], attribute, epoch_ms(row["timestamp"]), value)

    yield from row_by_row(payload["values"], read)


CONNECTOR = Connector(
    key="helgoland",
    title="Messreihen einer Helgoland-Schnittstelle",
    publisher="Betreiber der Messreihen",
    licence="unknown",
    terms="Every operator has terms of its own; the profile states those of its source, with its publisher and credit.",
    attribution="Betreiber der Messreihen",
    quantities=(
        Quantity(attribute="height", type="WaterObserved", unit="CMT", least=-500, most=3_000),
        Quantity(attribute="flow", type="WaterObserved", unit="MQS", least=-50, most=2_000),
        Quantity(attribute="precipitation", type="WeatherObserved", unit="MMT", least=0, most=500),
    ),
    requests=(
        Request(key="series", path="/timeseries?expanded=true", parse=series, every_s=86_400),
        Request(key="values", path="/timeseries/{id}/getData?timespan={span}%2F{now}", parse=values),
    ),
    every_s=300,
    cadence_s=900,
    stale_s=5_400,
    size_max=30 * MIB,
    parameters={"span": "PT48H", "names": ""},
)
