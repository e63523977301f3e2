"""Sensor.Community: sensors of citizens, read from the network's public files or sent to the city by themselves.

``path`` says what is read: the snapshot of all sensors (60 to 80 MB), or ``airrohr/v1/sensor/12345/`` for one of them.
Numbers come as texts, stamps in UTC without saying so, places rounded by the network.
What a sensor sends by itself tells neither time nor place: it was measured when it arrived, where its key says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from talwerk.core.instants import Instant
from talwerk.sdk.connector import MIB, Connector, Quantity, Request
from talwerk.sdk.places import bounds_of, within
from talwerk.sdk.push import DEVICE, Push
from talwerk.sdk.reading import Context, Finding, Reading, Thing, Unusable, measured_at, number, point

AIR, WEATHER, NOISE = "AirQualityObserved", "WeatherObserved", "NoiseLevelObserved"
OUTDOORS = "0"
ARRIVAL = "Zeit des Eintreffens"
"""Method of values whose source tells no time: whoever reads one learns that its time is that of its arrival."""

QUANTITIES = (
    Quantity(attribute="pm1", type=AIR, unit="GQ", least=0, most=999),
    Quantity(attribute="pm25", type=AIR, unit="GQ", least=0, most=999),
    Quantity(attribute="pm10", type=AIR, unit="GQ", least=0, most=1_999),
    Quantity(attribute="temperature", type=WEATHER, unit="CEL", least=-40, most=60),
    Quantity(attribute="relativeHumidity", type=WEATHER, unit="P1", least=1, most=100),
    Quantity(attribute="atmosphericPressure", type=WEATHER, unit="A97", least=850, most=1_090),
    Quantity(attribute="LAeq", type=NOISE, unit="2N", least=10, most=130),
)
KINDS = {quantity.attribute: quantity.type for quantity in QUANTITIES}
ATTRIBUTES = {
    "P0": ("pm1", 1.0),
    "P1": ("pm10", 1.0),
    "P2": ("pm25", 1.0),
    "temperature": ("temperature", 1.0),
    "humidity": ("relativeHumidity", 1.0),
    # Pascal; pages and standards speak of hectopascal.
    "pressure": ("atmosphericPressure", 0.01),
    "noise_LAeq": ("LAeq", 1.0),
}
"""Attributes by ``value_type``, with the factor to their unit."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """One value of a row."""

    value_type: str = ""
    value: str | float | None = None


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a sensor stands."""

    latitude: str | float | None = None
    longitude: str | float | None = None
    indoor: int | str | None = 0


class Model(msgspec.Struct, frozen=True, gc=False):
    """What kind of sensor it is."""

    name: str = ""


class Sensor(msgspec.Struct, frozen=True, gc=False):
    """A sensor."""

    id: int | str
    sensor_type: Model = Model()


class Row(msgspec.Struct, frozen=True, gc=False):
    """What a sensor measured at one time."""

    timestamp: str
    sensor: Sensor
    location: Place = Place()
    sensordatavalues: tuple[Value, ...] = ()


_rows = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(Row)


def rows(payload: bytes, context: Context) -> Iterator[Finding]:
    """The rows of a file, one after the other: a snapshot holds those of the whole world.

    Raises:
        msgspec.DecodeError: it is no list of rows.
    """
    bounds = bounds_of(context.parameters["bbox"])
    named: set[tuple[str, str]] = set()
    for raw in _rows.decode(payload):
        try:
            row = _row.decode(raw)
        except msgspec.DecodeError:
            yield Unusable(reason="a row has another shape")
            continue
        yield from _row_found(row, bounds, named, context)


def _row_found(
    row: Row, bounds: tuple[float, float, float, float], named: set[tuple[str, str]], context: Context
) -> Iterator[Finding]:
    where = point(row.location.longitude, row.location.latitude)
    if where is None or not within(where["coordinates"][0], where["coordinates"][1], bounds):
        return
    if str(row.location.indoor or OUTDOORS) != OUTDOORS and not context.parameters["indoor"]:
        return
    native = str(row.sensor.id)
    if context.wanted and native not in context.wanted:
        return
    observed = context.instant(row.timestamp)
    for value in row.sensordatavalues:
        for finding in _value(native, value.value_type, value.value, observed):
            if isinstance(finding, Reading) and (native, KINDS[finding.attribute]) not in named:
                named.add((native, KINDS[finding.attribute]))
                kind = row.sensor.sensor_type.name
                name = f"Sensor {native} ({kind})" if kind else f"Sensor {native}"
                yield Thing(native=native, type=KINDS[finding.attribute], name=name, location=where)
            yield finding


def _value(native: str, value_type: str, value: object, observed: Instant | None) -> Iterator[Finding]:
    """The reading of a value; what the city does not measure (a signal's strength, a position) says nothing."""
    # Firmwares put the chip's name before it (SDS_P1, BME280_pressure) where they do not send to the network itself.
    known = value_type
    if known not in ATTRIBUTES:
        known = next((name for name in ATTRIBUTES if value_type.endswith(f"_{name}")), "")
    if not known:
        return
    attribute, factor = ATTRIBUTES[known]
    figure = number(value)
    scaled = value if figure is None or factor == 1 else round(figure * factor, 2)
    yield measured_at(native, attribute, observed, scaled)


def sent(payload: Any, context: Context) -> Iterator[Finding]:
    """What a sensor sends by itself: ``{esp8266id, software_version, sensordatavalues}``."""
    device = context.parameters[DEVICE]
    native = device["name"]
    told: set[str] = set()
    for value in payload["sensordatavalues"]:
        for finding in _value(native, str(value["value_type"]), value.get("value"), Instant(context.now)):
            if not isinstance(finding, Reading):
                yield finding
                continue
            kind = KINDS[finding.attribute]
            if kind not in told:
                told.add(kind)
                yield Thing(
                    native=native, type=kind, name=device.get("title", ""), location=point(*device.get("at", ("", "")))
                )
            yield msgspec.structs.replace(finding, method=ARRIVAL)


CONNECTOR = Connector(
    key="sensor-community",
    title="Sensoren von Bürgerinnen und Bürgern (Sensor.Community)",
    publisher="Sensor.Community",
    licence="unknown",
    terms="The terms of the network's public files were not found; who sends to the city agrees with the city.",
    attribution="Sensor.Community und die Menschen, die dort messen",
    quantities=QUANTITIES,
    requests=(Request(key="rows", path="/{+path}", parse=rows, format="bytes"),),
    push=Push(parse=sent, headers=("x-sensor", "x-pin"), size_max=1 << 14, per_minute=12, at_once=24),
    every_s=300,
    cadence_s=300,
    stale_s=3_600,
    size_max=80 * MIB,
    parameters={"path": "static/v2/data.json", "bbox": "-180,-90,180,90", "indoor": False},
)
