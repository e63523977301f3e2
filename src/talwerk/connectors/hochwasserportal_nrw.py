"""Gauges of the flood portal of North Rhine-Westphalia: levels every 15 minutes, unchecked raw values.

Shape as public clients read it (station list, a week of values and information levels per station). Levels are often
missing there, so the profile's own always come first. The live portal was never reached from where this was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Quantity, Request
from talwerk.sdk.reading import Ask, Context, Finding, Thing, Unusable, measured, number, point

LEVELS = tuple(f"W.Informationswert_{stage}" for stage in (1, 2, 3))


def stations(payload: Any, context: Context) -> Iterator[Finding]:
    """What the list says of the wanted stations, and what to ask about each."""
    listed = set()
    for row in payload:
        native = row["station_no"]
        # Some numbers come twice, as placeholders of other operators: the first one is meant.
        if native not in context.wanted or native in listed:
            continue
        listed.add(native)
        river = str(row.get("WTO_OBJECT") or "").strip()
        name = str(row.get("station_name") or "").strip()
        where = point(row.get("station_longitude"), row.get("station_latitude"))
        yield Thing(native=native, type="WaterObserved", name=name, place=river, location=where)
        asked = {"native": native, "site": str(row["site_no"])}
        yield Ask(request="week", parameters=asked)
        yield Ask(request="levels", parameters=asked)
    for native in context.wanted:
        if native not in listed:
            yield Unusable(reason=f"station {native} is not in the list")


def week(payload: Any, context: Context) -> Iterator[Finding]:
    """The values of one station."""
    for series in payload:
        for stamp, value, *_ in series["data"]:
            yield measured(context.parameters["native"], "height", stamp, value, context)


def levels(payload: Any, context: Context) -> Iterator[Finding]:
    """The information levels of one station, as far as the source states them."""
    stated = {series["ts_name"]: number(series["data"][-1][1]) for series in payload if series["data"]}
    # A level after a missing one would pass for a lower stage.
    found: list[float] = []
    for name in LEVELS:
        if (level := stated.get(name)) is None:
            break
        found.append(level)
    if found and found == sorted(set(found)):
        yield Thing(native=context.parameters["native"], type="WaterObserved", levels=tuple(found))


CONNECTOR = Connector(
    key="hochwasserportal-nrw",
    title="Hochwasserportal NRW",
    publisher="Landesamt für Natur, Umwelt und Klima Nordrhein-Westfalen (LANUK, bis 2025 LANUV)",
    short="LANUK NRW",
    licence="unknown",
    terms="Archived series and the portal's own downloads are offered under DL-DE-ZERO-2.0; whether that covers these "
    "files was not seen. An operator who has asked sets the licence in the profile.",
    attribution="Hochwasserportal.NRW, LANUK NRW (ungeprüfte Rohdaten)",
    quantities=(Quantity(attribute="height", type="WaterObserved", unit="CMT", least=-500, most=3_000),),
    requests=(
        Request(key="stations", path="/stations.json", parse=stations, every_s=86_400),
        Request(key="week", path="/{site}/{native}/S/week.json", parse=week),
        Request(key="levels", path="/{site}/{native}/S/alarmlevel.json", parse=levels, every_s=86_400, optional=True),
    ),
    every_s=300,
    cadence_s=900,
    stale_s=5_400,
)
