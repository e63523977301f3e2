"""Electricity of the country by the hour, from SMARD (Bundesnetzagentur): load, solar, onshore wind, day-ahead price.

An index per series names the weeks that there are by the milliseconds of their start. The two newest are read: the end
of the older one is often still null when the newer one begins. Stamps are the start of the hour. Prices are known a day
ahead; an hour that has not ended is left for later. Shape as public clients read it; never reached from here.

No Smart Data Model fits a country's grid: the type is our own. The unit of a price is its currency (ISO 4217); what it
is paid for stands in the attribute's name, since no UN/CEFACT code says euro per megawatt hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from talwerk.core.instants import HOUR
from talwerk.sdk.connector import Connector, Quantity, Request
from talwerk.sdk.reading import Ask, Context, Finding, Reading, Thing, Unusable, epoch_ms, measured_at, row_by_row

TYPE = "ElectricityGridObserved"
LOAD, PRICE = "410", "4169"
SERIES = {
    LOAD: "load",
    "4068": "photovoltaicGeneration",
    "4067": "onshoreWindGeneration",
    PRICE: "dayAheadPricePerMWh",
}
AREAS = {"DE": "Deutschland", "DE-LU": "Deutschland und Luxemburg"}
WEEKS = 2


def first(payload: Any, context: Context) -> Iterator[Finding]:
    """The weeks of the load, and the indexes of the other series."""
    area = context.parameters["area"]
    for native in dict.fromkeys((area, context.parameters["price_area"])):
        yield Thing(native=native, type=TYPE, name=AREAS.get(native, ""))
    about_load = {**context.parameters, "series": LOAD}
    yield from index(payload, msgspec.structs.replace(context, parameters=about_load))
    for series in SERIES:
        if series != LOAD:
            asked = {"series": series, "area": context.parameters["price_area"] if series == PRICE else area}
            yield Ask(request="index", parameters=asked)


def index(payload: Any, context: Context) -> Iterator[Finding]:
    """The newest weeks of a series."""
    weeks: list[int] = []

    def read(week: Any) -> Iterator[Finding]:
        start = epoch_ms(week)
        if start is None or not isinstance(week, int):
            yield Unusable(reason="a week's start is no time")
        elif start <= context.now:
            weeks.append(week)

    yield from row_by_row(payload["timestamps"], read)
    for week in sorted(set(weeks))[-WEEKS:]:
        asked = {"series": context.parameters["series"], "area": context.parameters["area"], "week": str(week)}
        yield Ask(request="week", parameters=asked)


def week(payload: Any, context: Context) -> Iterator[Finding]:
    """One week of a series."""
    native, attribute = context.parameters["area"], SERIES[context.parameters["series"]]

    def read(row: Any) -> Iterator[Finding]:
        found = measured_at(native, attribute, epoch_ms(row[0]), row[1])
        if isinstance(found, Reading) and found.observed + HOUR > context.now:
            found = Unusable(reason="the hour has not ended", later=True)
        yield found

    yield from row_by_row(payload["series"], read)


def _hourly(attribute: str, unit: str, least: float, most: float, method: str) -> Quantity:
    return Quantity(attribute=attribute, type=TYPE, unit=unit, least=least, most=most, interval_s=3_600, method=method)


CONNECTOR = Connector(
    key="smard",
    title="SMARD Strommarktdaten",
    publisher="Bundesnetzagentur",
    short="SMARD",
    licence="unknown",
    terms="The agency's terms for these files were not seen. Whoever has read them sets the licence in the profile.",
    attribution="Bundesnetzagentur, SMARD.de",
    quantities=(
        _hourly("load", "MWH", 0, 200_000, "sum of 1 h"),
        _hourly("photovoltaicGeneration", "MWH", 0, 200_000, "sum of 1 h"),
        _hourly("onshoreWindGeneration", "MWH", 0, 200_000, "sum of 1 h"),
        _hourly("dayAheadPricePerMWh", "EUR", -1_000, 10_000, "day-ahead auction"),
    ),
    requests=(
        Request(key="first", path="/chart_data/410/{area}/index_hour.json", parse=first, every_s=3_600),
        Request(key="index", path="/chart_data/{series}/{area}/index_hour.json", parse=index, every_s=3_600),
        Request(key="week", path="/chart_data/{series}/{area}/{series}_{area}_hour_{week}.json", parse=week),
    ),
    every_s=1_800,
    cadence_s=3_600,
    stale_s=21_600,
    stamp="start",
    parameters={"area": "DE", "price_area": "DE-LU"},
)
