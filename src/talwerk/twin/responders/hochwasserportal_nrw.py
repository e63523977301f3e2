"""The flood portal: a list of stations, and for each a week of levels every 15 minutes and its information levels."""

from __future__ import annotations

from talwerk.core.instants import DAY, MINUTE
from talwerk.twin.asked import Asked, json_reply, steps, wall
from talwerk.twin.replies import Reply

STEP = 15 * MINUTE
LATENCY = 4 * MINUTE
SITE = "100"
LEVELS = ("W.Informationswert_1", "W.Informationswert_2", "W.Informationswert_3")


def respond(asked: Asked) -> Reply | None:
    """``/stations.json``, ``/{site}/{station}/S/week.json``, ``/{site}/{station}/S/alarmlevel.json``."""
    match asked.path.strip("/").split("/"):
        case ["stations.json"]:
            return json_reply([_station(asked, native) for native in asked.wanted])
        case [_, native, "S", "week.json"] if native in asked.wanted:
            return _week(asked, native)
        case [_, native, "S", "alarmlevel.json"] if native in asked.wanted:
            return _levels(asked, native)
    return None


def _station(asked: Asked, native: str) -> dict[str, str]:
    point, axis = asked.land.point(asked.source.key, native), asked.land.profile.axis
    river = axis.name if axis is not None and point in axis.points else ""
    return {
        "station_no": native,
        "station_name": point.name if point is not None else native,
        "station_id": native[:5],
        "site_no": SITE,
        "WTO_OBJECT": river,
    }


def _week(asked: Asked, native: str) -> Reply:
    point, gauge = asked.land.point(asked.source.key, native), asked.land.gauge(asked.source.key, native)
    key = point.key if point is not None else native
    data = [
        [wall(at, asked.city.figure.zone), round(asked.city.level_cm(gauge, at), 1)]
        for at in steps(asked.now - 7 * DAY, asked.now - LATENCY, STEP)
        if not asked.city.silent(key, at)
    ]
    series = {"AdminStatus": "", "AdminBemerkung": "", "station_no": native, "ts_unitsymbol": "cm", "data": data}
    return json_reply([series])


def _levels(asked: Asked, native: str) -> Reply:
    point = asked.land.point(asked.source.key, native)
    values = point.levels.values if point is not None and point.levels is not None else ()
    # Constant, so that nobody takes it for news.
    begin = "2020-01-01T00:00:00.000+01:00"
    return json_reply([{"ts_name": name, "data": [[begin, v]]} for name, v in zip(LEVELS, values, strict=False)])
