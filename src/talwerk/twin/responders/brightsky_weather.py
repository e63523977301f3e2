"""Bright Sky's weather: the newest record, and one for each hour; one simulated station measures everything."""

from __future__ import annotations

from typing import Any

from talwerk.core.instants import HOUR, MINUTE, Instant, datetime_of, instant_or_none
from talwerk.twin.asked import Asked, json_reply, steps
from talwerk.twin.replies import Reply
from talwerk.twin.simulator.weather import Sky, Spot

SOURCE_ID = 99_901
STATION = "99901"
"""Number of the simulated station, where the city names none that it wants."""
STEP = 10 * MINUTE
HOURS_MAX = 10 * 24


def respond(asked: Asked) -> Reply | None:
    """``/current_weather`` and ``/weather?date=...&last_date=...``."""
    spot = _spot(asked)
    if asked.path == "/current_weather":
        at = asked.now // STEP * STEP
        return json_reply({"weather": _current(asked, spot, at), "sources": [_source(asked, spot, "synop")]})
    if asked.path == "/weather":
        start = _instant(asked.query.get("date", ""), asked.now - 24 * HOUR)
        end = min(_instant(asked.query.get("last_date", ""), asked.now), asked.now)
        rows = [_hour(asked, spot, at) for at in steps(max(start, end - HOURS_MAX * HOUR), end, HOUR)]
        return json_reply({"weather": rows, "sources": [_source(asked, spot, "historical")]})
    return None


def _spot(asked: Asked) -> Spot:
    middle = asked.land.figure.middle
    try:
        return Spot(float(asked.query.get("lon", middle.longitude)), float(asked.query.get("lat", middle.latitude)))
    except ValueError:
        return middle


def _instant(text: str, default: int) -> int:
    """The instant of a date or a date-time."""
    full = f"{text}T00:00:00Z" if len(text) == 10 else text
    found = instant_or_none(full)
    return default if found is None else found


def _source(asked: Asked, spot: Spot, kind: str) -> dict[str, Any]:
    return {
        "id": SOURCE_ID,
        "dwd_station_id": next(iter(asked.wanted), STATION),
        "station_name": f"{asked.land.profile.city.name}, simuliert",
        "observation_type": kind,
        "lat": spot.latitude,
        "lon": spot.longitude,
        "height": 150.0,
        "distance": 0,
    }


def _common(sky: Sky, at: int, rain_mm: float) -> dict[str, Any]:
    wet = "snow" if sky.temperature_c < 0 else "rain"
    return {
        "timestamp": datetime_of(Instant(at)).isoformat(),
        "source_id": SOURCE_ID,
        "temperature": round(sky.temperature_c, 1),
        "dew_point": round(sky.dew_point_c, 1),
        "relative_humidity": round(sky.humidity),
        "pressure_msl": round(sky.pressure_hpa, 1),
        "cloud_cover": round(sky.cloud * 100),
        "visibility": round(max(1_500.0, 32_000.0 - 220.0 * sky.humidity - 3_000.0 * min(rain_mm, 3.0))),
        "condition": wet if rain_mm > 0.05 else "dry",
        "icon": wet if rain_mm > 0.05 else ("cloudy" if sky.cloud > 0.6 else "partly-cloudy-day"),
        "fallback_source_ids": {},
    }


def _current(asked: Asked, spot: Spot, at: int) -> dict[str, Any]:
    sky = asked.city.sky(at, spot)
    rain = {minutes: asked.city.rain_mm(at - minutes * MINUTE, at, spot) for minutes in (10, 30, 60)}
    return {
        **_common(sky, at, rain[60]),
        **{f"precipitation_{minutes}": round(depth, 2) for minutes, depth in rain.items()},
        "solar_60": round(_radiation(asked, spot, at) / 1_000, 3),
        "sunshine_60": _sunshine(sky),
        "wind_speed_10": round(sky.wind_kmh, 1),
        "wind_direction_10": round(sky.wind_from) % 360,
        "wind_gust_speed_10": round(sky.gust_kmh, 1),
    }


def _hour(asked: Asked, spot: Spot, at: int) -> dict[str, Any]:
    sky = asked.city.sky(at, spot)
    depth = asked.city.rain_mm(at - HOUR, at, spot)
    return {
        **_common(sky, at, depth),
        "precipitation": round(depth, 1),
        "solar": round(_radiation(asked, spot, at) / 1_000, 3),
        "sunshine": _sunshine(sky),
        "wind_speed": round(sky.wind_kmh, 1),
        "wind_direction": round(sky.wind_from) % 360,
        "wind_gust_speed": round(sky.gust_kmh, 1),
    }


def _radiation(asked: Asked, spot: Spot, at: int) -> float:
    """Mean of the hour before, W/m2, from three looks at it."""
    return sum(asked.city.sky(at - minutes * MINUTE, spot).radiation_wm2 for minutes in (10, 30, 50)) / 3


def _sunshine(sky: Sky) -> int:
    """Minutes of the hour in which the sun shone."""
    return round(60 * (1.0 - sky.cloud)) if sky.radiation_wm2 > 20 else 0
