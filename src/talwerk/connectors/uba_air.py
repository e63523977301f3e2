"""Air quality of the federal environment agency (Umweltbundesamt), interface version 3: means of one hour.

Times are CET all year round, without summer time; a value is keyed by the start of its hour and names its end, which is
24:00:00 at the end of a day. Rows are lists whose members ``indices`` names: a renamed or moved one must not become
another value. Carbon monoxide is told in mg/m³, the others in µg/m³. Never reached from where this was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Quantity, Request
from talwerk.sdk.reading import Ask, Context, Finding, Thing, Unusable, measured, point, row_by_row

TYPE = "AirQualityObserved"
COMPONENTS = {"1": "pm10", "2": "co", "3": "o3", "4": "so2", "5": "no2", "9": "pm25"}
HOURLY = "2"


def stations(payload: Any, context: Context) -> Iterator[Finding]:
    """What the list says of the wanted stations, by code or number, and what to ask about each of them."""
    names = _names(payload["indices"])
    listed: set[str] = set()

    def read(row: Any) -> Iterator[Finding]:
        told = dict(zip(names, row, strict=False))
        number = str(told["station id"])
        native = next((native for native in (str(told["station code"]), number) if native in context.wanted), "")
        if not native or native in listed:
            return
        listed.add(native)
        closed = context.instant(told["station active to"])
        if closed is not None and closed <= context.now:
            yield Unusable(reason=f"station {native} is closed")
            return
        where = point(told["station longitude"], told["station latitude"])
        yield Thing(native=native, type=TYPE, name=str(told["station name"]), location=where)
        for component in COMPONENTS:
            yield Ask(request="hours", parameters={"native": native, "station": number, "component": component})

    rows = payload["data"]
    yield from row_by_row(rows.values() if isinstance(rows, dict) else rows, read)
    for native in context.wanted:
        if native not in listed:
            yield Unusable(reason=f"station {native} is not in the list")
    if not context.wanted:
        # There are hundreds of them, each with six requests.
        yield Unusable(reason="the profile names no station")


def hours(payload: Any, context: Context) -> Iterator[Finding]:
    """One component at one station since yesterday.

    Raises:
        LookupError: the answer is about other stations, or says no more what its members are.
    """
    # Nothing at all is an empty list there, not an empty object.
    if not payload["data"]:
        return
    names = _names(payload["indices"]["data"]["station id"]["date start"])
    component = context.parameters["component"]

    def read(row: Any) -> Iterator[Finding]:
        told = dict(zip(names, row, strict=False))
        if (str(told["component id"]), str(told["scope id"])) != (component, HOURLY):
            yield Unusable(reason="a value is of another component or span")
            return
        yield measured(context.parameters["native"], COMPONENTS[component], told["date end"], told["value"], context)

    yield from row_by_row(payload["data"][context.parameters["station"]].values(), read)


def _names(described: Any) -> list[str]:
    """The members' names, as a list or as an object that numbers them."""
    return [str(name) for name in (described.values() if isinstance(described, dict) else described)]


def _mean(attribute: str, unit: str, most: float) -> Quantity:
    # Instruments tell a little less than nothing in clean air.
    return Quantity(
        attribute=attribute, type=TYPE, unit=unit, least=-10, most=most, interval_s=3_600, method="mean of 1 h"
    )


CONNECTOR = Connector(
    key="uba-air",
    title="Luftdaten des Umweltbundesamtes",
    publisher="Umweltbundesamt",
    short="UBA",
    licence="unknown",
    terms="The agency's terms for this interface were not seen; the values come from the states' networks. Whoever "
    "has read them sets the licence in the profile.",
    attribution="Umweltbundesamt mit Daten der Messnetze der Länder und des Bundes",
    quantities=(
        _mean("pm10", "GQ", 5_000),
        _mean("co", "GP", 500),
        _mean("o3", "GQ", 1_000),
        _mean("so2", "GQ", 5_000),
        _mean("no2", "GQ", 2_000),
        _mean("pm25", "GQ", 5_000),
    ),
    requests=(
        Request(key="stations", path="/stations/json?use=measure&lang=de", parse=stations, every_s=86_400),
        Request(
            key="hours",
            path="/measures/json?date_from={yesterday}&time_from=1&date_to={today}&time_to=24"
            "&station={station}&component={component}&scope=2",
            parse=hours,
        ),
    ),
    every_s=1_800,
    cadence_s=3_600,
    stale_s=14_400,
    zone="+01:00",
)
