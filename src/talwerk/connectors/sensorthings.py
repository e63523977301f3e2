"""Other platforms over OGC SensorThings 1.1: the newest observations of all datastreams, and where their things are.

The observed property names the attribute, or the profile does: ``attributes = "Lufttemperatur=temperature, ..."``.
Units come as people write them; those that the table does not know are named by the profile: ``units = "Grad=CEL"``.
Where a thing measures one quantity several times, ``datasets = true`` keeps the datastreams apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from talwerk.core.instants import Instant
from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.paging import native_of, next_page, query_of
from talwerk.sdk.reading import Ask, Context, Finding, Reading, Thing, Unusable, measured_at

UNITS = {
    "CEL": "°c c degc cel celsius degreecelsius degreescelsius gradcelsius",
    "P1": "% percent prozent",
    "GQ": "µg/m³ ug/m3 µg/m3 ug/m³ ug.m-3 microgrampercubicmeter microgrampercubicmetre mikrogrammprokubikmeter",
    "GP": "mg/m³ mg/m3 milligrampercubicmeter milligrampercubicmetre",
    "59": "ppm partspermillion",
    "MMT": "mm millimeter millimetre",
    "CMT": "cm centimeter centimetre zentimeter",
    "MTR": "m meter metre",
    "MTS": "m/s meterpersecond metrepersecond meterprosekunde",
    "KMH": "km/h kilometerperhour kilometreperhour kilometerprostunde",
    "MQS": "m³/s m3/s cubicmeterpersecond cubicmetrepersecond kubikmeterprosekunde",
    "A97": "hpa hectopascal hektopascal",
    "PAL": "pa pascal",
    "DD": "° deg degree grad",
    "WTT": "w watt",
    "KWT": "kw kilowatt",
    "KWH": "kwh kilowatthour kilowattstunde",
    "VLT": "v volt",
    "2N": "db db(a) dba decibel dezibel",
    "LUX": "lx lux",
    "D54": "w/m² w/m2",
    "C62": "1 one count anzahl stk",
}
CODES = {name: code for code, names in UNITS.items() for name in names.split()}
"""UN/CEFACT codes by the names and symbols in use, lower case, without spaces."""

LIST = "/Datastreams"
EXPANDED = (
    "$expand=Thing($expand=Locations),ObservedProperty,"
    "Observations($orderby=phenomenonTime%20desc;$top={latest};$select=phenomenonTime,result)"
)


def datastreams(payload: Any, context: Context) -> Iterator[Finding]:
    """One page of datastreams with their things and newest observations."""
    measured: set[tuple[str, str]] = set()
    for stream in payload["value"]:
        try:
            yield from _datastream(stream, measured, context)
        except (KeyError, TypeError, AttributeError) as error:
            yield Unusable(reason=f"a datastream has another shape ({type(error).__name__}: {str(error)[:60]})")
    link = payload.get("@iot.nextLink")
    if link:
        first = payload["value"][0] if payload["value"] else None
        yield _next(link, str(first.get("@iot.id")) if isinstance(first, dict) else "", context)


def _next(link: object, mark: str, context: Context) -> Ask | Unusable:
    query = query_of(link, LIST)
    if query is None:
        return Unusable(reason="the link to the next page leads to something else")
    return next_page("more", mark, context, query=query)


def _datastream(stream: dict[str, Any], measured: set[tuple[str, str]], context: Context) -> Iterator[Finding]:
    thing = stream["Thing"]
    native = native_of(thing["@iot.id"])
    if context.wanted and native not in context.wanted:
        return
    kind = str(context.parameters["type"])
    located = [each.get("location") for each in thing.get("Locations", ())]
    yield Thing(
        native=native,
        type=kind,
        name=str(thing.get("name") or ""),
        location=next((where for each in located if (where := _geometry(each)) is not None), None),
    )
    unit = _unit(stream.get("unitOfMeasurement") or {}, context)
    attribute = _attribute(str(stream["ObservedProperty"]["name"]), context)
    if (native, attribute) in measured and not context.parameters["datasets"]:
        yield Unusable(reason=f"a thing measures {attribute} more than once, which needs the parameter datasets")
        return
    measured.add((native, attribute))
    dataset = native_of(stream["@iot.id"]) if context.parameters["datasets"] else ""
    for observation in stream.get("Observations", ()):
        observed, value = _end(observation.get("phenomenonTime"), context), observation.get("result")
        found = measured_at(native, attribute, observed, value)
        if not isinstance(found, Reading):
            yield found
        elif not unit:
            # A number without a unit would be no measurement; the profile can name it.
            yield Unusable(reason=f"the unit {_written(stream)[:40]!r} is not known")
        else:
            yield Reading(
                native=native,
                attribute=attribute,
                value=found.value,
                observed=found.observed,
                type=kind,
                unit=unit,
                dataset=dataset,
            )


def _end(time: object, context: Context) -> Instant | None:
    """The end of a phenomenon's time: an instant, or an interval ``start/end``."""
    return context.instant(time.rpartition("/")[2]) if isinstance(time, str) else None


def _geometry(location: Any) -> dict[str, Any] | None:
    """The geometry of a location, which may come as a GeoJSON feature."""
    if not isinstance(location, dict):
        return None
    found = location.get("geometry") if location.get("type") == "Feature" else location
    return found if isinstance(found, dict) and "coordinates" in found else None


def _written(stream: dict[str, Any]) -> str:
    unit = stream.get("unitOfMeasurement") or {}
    return str(unit.get("symbol") or unit.get("name") or "")


def _unit(unit: dict[str, Any], context: Context) -> str:
    """The UN/CEFACT code of a unit, as the profile or the table knows it; empty when neither does."""
    told = _pairs(context.parameters.get("units", ""))
    for name in (unit.get("symbol"), unit.get("name")):
        text = str(name or "").strip()
        # Two characters look like the sign for a millionth: the one of its own, and the Greek letter.
        code = told.get(text) or CODES.get(text.lower().replace("\u03bc", "\u00b5").replace(" ", ""))
        if code:
            return code
    return ""


def _attribute(name: str, context: Context) -> str:
    """The attribute's name: the profile's, or that of the observed property in one word."""
    told = _pairs(context.parameters.get("attributes", "")).get(name.strip())
    if told:
        return told
    words: list[str] = re.findall(r"[A-Za-z0-9]+", name) or ["value"]
    first = words[0] if words[0].isupper() else words[0][0].lower() + words[0][1:]
    return first + "".join(word[0].upper() + word[1:] for word in words[1:])


def _pairs(text: object) -> dict[str, str]:
    """``name=meaning, name=meaning`` as a table."""
    pairs = (pair.partition("=") for pair in str(text).split(","))
    return {name.strip(): meaning.strip() for name, _, meaning in pairs if meaning.strip()}


CONNECTOR = Connector(
    key="sensorthings",
    title="Plattform einer anderen Stadt (SensorThings)",
    publisher="Die andere Stadt",
    licence="unknown",
    terms="Each platform has its own terms; the profile states them for its source, with the credit line they ask for.",
    attribution="Plattform einer anderen Stadt, siehe Stadtprofil",
    requests=(
        Request(key="first", path=f"{LIST}?{EXPANDED}&$top={{limit}}", parse=datastreams),
        Request(key="more", path=f"{LIST}?{{+query}}", parse=datastreams),
    ),
    every_s=300,
    cadence_s=900,
    stale_s=5_400,
    parameters={
        "type": "Device",
        "attributes": "",
        "units": "",
        "datasets": False,
        "latest": 4,
        "limit": 100,
        "pages": 50,
    },
)
