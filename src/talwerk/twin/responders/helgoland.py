"""A water board's SensorWeb: a list of series with their stations, and values with milliseconds since 1970."""

from __future__ import annotations

import re
from typing import Any

from talwerk.core.instants import HOUR, MINUTE
from talwerk.sdk.profile import MeasuringPoint
from talwerk.services.places.question import folded
from talwerk.twin.asked import Asked, json_reply, steps
from talwerk.twin.replies import Reply

STEP = {"level": 5 * MINUTE, "discharge": 5 * MINUTE, "rain": 15 * MINUTE}
UNITS = {"level": "cm", "discharge": "m³/s", "rain": "mm"}
LATENCY = 3 * MINUTE
SPAN_H_MAX = 7 * 24
FIRST_ID = 460


def respond(asked: Asked) -> Reply | None:
    """``/timeseries`` and ``/timeseries/{id}/getData?timespan=PT48H/{until}``."""
    series = _series(asked)
    match asked.path.strip("/").split("/"):
        case ["timeseries"]:
            return json_reply([_row(asked, id_, native, point) for id_, (native, point) in series.items()])
        case ["timeseries", id_, "getData"] if id_ in series:
            hours = re.match(r"PT(\d{1,4})H", asked.query.get("timespan", ""))
            span_h = min(int(hours[1]), SPAN_H_MAX) if hours else 24
            native, point = series[id_]
            until = asked.now - LATENCY
            times = steps(until - span_h * HOUR, until, STEP[point.quantity])
            rows = [_value(asked, native, point, at) for at in times if not asked.city.silent(point.key, at)]
            return json_reply({"values": rows})
    return None


def _series(asked: Asked) -> dict[str, tuple[str, MeasuringPoint]]:
    """Every measuring point that names a station of the source, by the id of its series."""
    points = asked.land.profile.measuring_points
    named = [
        (native, point)
        for native in asked.wanted
        for point in points
        if f"{asked.source.key}:{native}" in point.entities and point.quantity in UNITS
    ]
    return {str(FIRST_ID + place): each for place, each in enumerate(named)}


def _row(asked: Asked, id_: str, native: str, point: MeasuringPoint) -> dict[str, Any]:
    # The id is what the name becomes in plain letters: where it is that of a measuring point, that one's letters count.
    label = point.name if folded(point.name) == folded(native) else native.replace("-", " ").title()
    newest = (asked.now - LATENCY) // STEP[point.quantity] * STEP[point.quantity]
    spot = asked.land.place(point)
    return {
        "id": id_,
        "label": f"{UNITS[point.quantity]}, {label}",
        "uom": UNITS[point.quantity],
        "station": {
            "type": "Feature",
            "properties": {"id": id_, "label": label},
            "geometry": {"type": "Point", "coordinates": [spot.longitude, spot.latitude, "NaN"]},
        },
        "lastValue": _value(asked, native, point, newest),
        "referenceValues": [],
    }


def _value(asked: Asked, native: str, point: MeasuringPoint, at: int) -> dict[str, float]:
    if point.quantity == "rain":
        value = asked.city.rain_mm(at - (point.sum_period_s * 1_000_000 or STEP["rain"]), at)
    else:
        gauge = asked.land.gauge(asked.source.key, native)
        level = point.quantity == "level"
        value = asked.city.level_cm(gauge, at) if level else asked.city.flow_m3s(gauge, at)
    return {"timestamp": at // 1_000, "value": round(value, 2)}
