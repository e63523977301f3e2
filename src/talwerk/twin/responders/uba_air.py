"""The environment agency's air data, version 3: positional rows, times in CET without summer time, hourly means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from talwerk.core.instants import DAY, HOUR, MINUTE, datetime_of, instant_of
from talwerk.twin.asked import Asked, json_reply, steps
from talwerk.twin.replies import Reply
from talwerk.twin.simulator.air import Air
from talwerk.twin.simulator.chance import uniform

CET = timezone(timedelta(hours=1))
LATENCY = 20 * MINUTE
FIRST_NUMBER = 9_001
DAYS_MAX = 8
STATION = (
    *("station id", "station code", "station name", "station city", "station synonym"),
    *("station active from", "station active to", "station longitude", "station latitude"),
    *("network id", "station setting id", "station type id", "network code", "network name"),
    *("station setting name", "station setting short name", "station type name"),
    *("station street", "station street nr", "station zip code"),
)
HOURS = {"data": {"station id": {"date start": ["component id", "scope id", "value", "date end", "index"]}}}


def respond(asked: Asked) -> Reply | None:
    """``/stations/json`` and ``/measures/json``."""
    if asked.path == "/stations/json":
        rows = {row[0]: row for row in (_station(asked, native) for native in asked.wanted)}
        return json_reply({"request": asked.query, "indices": STATION, "data": rows})
    if asked.path == "/measures/json":
        return json_reply({"request": asked.query, "indices": HOURS, "data": _data(asked)})
    return None


def _number(asked: Asked, native: str) -> str:
    return str(FIRST_NUMBER + asked.wanted.index(native))


def _station(asked: Asked, native: str) -> list[Any]:
    city, middle = asked.land.profile.city.name, asked.land.figure.middle
    longitude = middle.longitude + 0.06 * (uniform(0, native, 0) - 0.5)
    latitude = middle.latitude + 0.03 * (uniform(0, native, 1) - 0.5)
    return [
        *(_number(asked, native), native, f"{city}, {native} (simuliert)", city, "", "2006-01-01", None),
        *(f"{longitude:.5f}", f"{latitude:.5f}", "10", "1", "2", "", "", "", "", "", "", "", ""),
    ]


def _data(asked: Asked) -> Any:
    component, station = asked.query.get("component", ""), asked.query.get("station", "")
    native = next((each for each in asked.wanted if station in {each, _number(asked, each)}), None)
    if native is None or component not in {"1", "3", "5", "9"}:
        # Nothing at all is an empty list there.
        return []
    newest = asked.now - LATENCY
    start = max(_day(asked.query.get("date_from", ""), newest - DAY), newest - DAYS_MAX * DAY)
    rows = {}
    for at in steps(start, newest - HOUR, HOUR):
        air = asked.city.air(native, at + HOUR // 2)
        value = round(_part(air, component))
        rows[_wall(at)] = [int(component), 2, value, _wall(at + HOUR, end=True), str(min(value // 20, 4))]
    return {_number(asked, native): rows} if rows else []


def _part(air: Air, component: str) -> float:
    return {"1": air.pm10, "3": air.o3, "5": air.no2, "9": air.pm2_5}[component]


def _day(text: str, default: int) -> int:
    try:
        return instant_of(datetime.fromisoformat(text[:10]).replace(tzinfo=CET).astimezone(UTC))
    except ValueError:
        return default


def _wall(at: int, *, end: bool = False) -> str:
    """A time in CET; the end of a day is its 24th hour."""
    moment = datetime_of(at).astimezone(CET)
    if end and moment.hour == 0:
        return f"{moment - timedelta(days=1):%Y-%m-%d} 24:00:00"
    return f"{moment:%Y-%m-%d %H:%M:%S}"
