"""Weather as stations of the German weather service measured it near a place, by Bright Sky: now, and by hours.

A record gathers values of several stations; each value is told of the station that measured it. Rows that are forecasts
are left out: what has not happened is no observation. A profile names the place, not the stations, so that nothing is
filtered by what is wanted. Shape after Bright Sky's own descriptions; the live service was never reached from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Quantity, Request
from talwerk.sdk.paging import native_of
from talwerk.sdk.reading import Ask, Context, Finding, Reading, Thing, Unusable, measured, number, point, row_by_row

TYPE = "WeatherObserved"
ALIKE = {
    "temperature": "temperature",
    "dew_point": "dewPoint",
    "relative_humidity": "relativeHumidity",
    "pressure_msl": "atmosphericPressure",
    "visibility": "visibility",
    "cloud_cover": "cloudCover",
    "condition": "weatherType",
}
NOW = {
    **ALIKE,
    "precipitation_60": "precipitation",
    "solar_60": "solarRadiation",
    "sunshine_60": "sunshineDuration",
    "wind_speed_10": "windSpeed",
    "wind_direction_10": "windDirection",
    "wind_gust_speed_10": "gustSpeed",
}
# The hours' wind is a mean of the hour: another quantity than that of the last ten minutes.
HOUR = {**ALIKE, "precipitation": "precipitation", "solar": "solarRadiation", "sunshine": "sunshineDuration"}
KWH_PER_HOUR_IN_W = 1_000


def current(payload: Any, context: Context) -> Iterator[Finding]:
    """The newest values."""
    yield from _records([payload["weather"]], payload["sources"], NOW, context)
    yield Ask(request="hours", parameters={})


def hours(payload: Any, context: Context) -> Iterator[Finding]:
    """The values of the hours since yesterday."""
    yield from _records(payload["weather"], payload["sources"], HOUR, context)


def _records(rows: Any, sources: Any, names: dict[str, str], context: Context) -> Iterator[Finding]:
    known = (source for source in sources if isinstance(source, dict) and isinstance(source.get("id"), int))
    stations = {source["id"]: source for source in known if _id_of(source)}
    told: dict[str, dict[str, Any]] = {}

    def read(named: tuple[dict[str, Any], str, str]) -> Iterator[Finding]:
        row, field, attribute = named
        station = stations.get((row.get("fallback_source_ids") or {}).get(field, row["source_id"]))
        if station is None:
            yield Unusable(reason="a value is of no station that the answer names")
        elif station.get("observation_type") == "forecast":
            yield Unusable(reason="a forecast is no observation", gap=True)
        else:
            told[_id_of(station)] = station
            yield _value(_id_of(station), attribute, row["timestamp"], row[field], context)

    def record(row: dict[str, Any]) -> Iterator[Finding]:
        # Field by field: of one value that cannot be read the others of its row know nothing.
        return row_by_row(((row, field, name) for field, name in names.items() if field in row), read)

    yield from row_by_row(rows, record)
    for native, station in told.items():
        where = point(station.get("lon"), station.get("lat"))
        yield Thing(native=native, type=TYPE, name=str(station.get("station_name") or ""), location=where)


def _id_of(source: dict[str, Any]) -> str:
    """The station's own number; Bright Sky's changes when its data are of another kind."""
    return native_of(source.get("dwd_station_id") or source.get("wmo_station_id") or "")


def _value(native: str, attribute: str, stamp: object, value: object, context: Context) -> Finding:
    if attribute == "weatherType" and isinstance(value, str) and value:
        observed = context.instant(stamp)
        if observed is None:
            return Unusable(reason="a stamp is no time")
        return Reading(native=native, attribute=attribute, value=value, observed=observed)
    if attribute == "weatherType" and value is not None:
        return Unusable(reason="a condition is no text")
    if attribute == "solarRadiation" and (energy := number(value)) is not None:
        value = round(energy * KWH_PER_HOUR_IN_W, 3)
    return measured(native, attribute, stamp, value, context)


def _quantity(attribute: str, unit: str, least: float, most: float, method: str = "") -> Quantity:
    return Quantity(attribute=attribute, type=TYPE, unit=unit, least=least, most=most, method=method)


CONNECTOR = Connector(
    key="brightsky-weather",
    title="Wetter des Deutschen Wetterdienstes (über Bright Sky)",
    publisher="Deutscher Wetterdienst",
    short="DWD",
    licence="unknown",
    terms="Bright Sky is free software (MIT); the weather service's own terms for its open data were not seen. Whoever "
    "has read them sets the licence in the profile.",
    attribution="Deutscher Wetterdienst, über Bright Sky",
    quantities=(
        _quantity("temperature", "CEL", -60, 60),
        _quantity("dewPoint", "CEL", -80, 50),
        _quantity("relativeHumidity", "P1", 0, 105),
        _quantity("atmosphericPressure", "A97", 850, 1_100, "reduced to sea level"),
        _quantity("visibility", "MTR", 0, 200_000),
        _quantity("cloudCover", "P1", 0, 100),
        Quantity(attribute="weatherType", type=TYPE, unit="", method="derived by Bright Sky"),
        _quantity("precipitation", "MMT", 0, 200, "sum of 60 min"),
        _quantity("solarRadiation", "D54", 0, 1_500, "mean of 60 min"),
        _quantity("sunshineDuration", "MIN", 0, 60, "sum of 60 min"),
        _quantity("windSpeed", "KMH", 0, 300, "mean of 10 min"),
        _quantity("windDirection", "DD", 0, 360, "mean of 10 min"),
        _quantity("gustSpeed", "KMH", 0, 400, "maximum of 10 min"),
    ),
    requests=(
        Request(key="current", path="/current_weather?lat={latitude}&lon={longitude}&units=dwd", parse=current),
        Request(
            key="hours",
            path="/weather?lat={latitude}&lon={longitude}&date={yesterday}&last_date={now}&units=dwd",
            parse=hours,
            every_s=3_600,
        ),
    ),
    every_s=600,
    cadence_s=1_800,
    stale_s=7_200,
    parameters={"latitude": None, "longitude": None},
)
