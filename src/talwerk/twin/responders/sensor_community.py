"""Sensor.Community: a snapshot of all sensors, and the newest rows of one; numbers are texts, stamps in UTC."""

from __future__ import annotations

import re
from typing import Any

from talwerk.core.instants import MINUTE, datetime_of
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.replies import Reply
from talwerk.twin.simulator.chance import uniform
from talwerk.twin.simulator.weather import Spot

SENSORS = 24
FIRST_ID = 90_001
RHYTHM = 150 * 1_000_000
"""Sensors send every two and a half minutes, each at its own moment."""
_ONE = re.compile(r"/(?:airrohr/)?v1/sensor/(\d+)/?")


def respond(asked: Asked) -> Reply | None:
    """``/static/v2/data.json`` and ``/airrohr/v1/sensor/{id}/``."""
    numbers = [int(each) for each in asked.wanted if each.isdigit()] or list(range(FIRST_ID, FIRST_ID + SENSORS))
    if asked.path == "/static/v2/data.json":
        return json_reply([_row(asked, number, 0) for number in numbers])
    one = _ONE.fullmatch(asked.path)
    if one is not None and int(one[1]) in numbers:
        return json_reply([_row(asked, int(one[1]), back) for back in (0, 1)])
    return None


def _row(asked: Asked, number: int, back: int) -> dict[str, Any]:
    name = f"sensor {number}"
    spot = asked.land.somewhere(name)
    phase = round(uniform(0, name, 2) * RHYTHM)
    at = (asked.now - MINUTE - phase) // RHYTHM * RHYTHM + phase - back * RHYTHM
    dust = number % 2 == 1
    values = _dust(asked, name, at, spot) if dust else _climate(asked, at, spot)
    return {
        "id": at // RHYTHM * 1_000 + number % 1_000,
        "timestamp": f"{datetime_of(at):%Y-%m-%d %H:%M:%S}",
        "location": {
            "id": number,
            "latitude": str(spot.latitude),
            "longitude": str(spot.longitude),
            "altitude": "180.0",
            "country": "DE",
            "exact_location": 0,
            "indoor": 0,
        },
        "sensor": {
            "id": number,
            "pin": "1",
            "sensor_type": {"id": 14 if dust else 17, "name": "SDS011" if dust else "BME280", "manufacturer": ""},
        },
        "sampling_rate": None,
        "sensordatavalues": [{"value_type": kind, "value": f"{value:.2f}"} for kind, value in values.items()],
    }


def _dust(asked: Asked, name: str, at: int, spot: Spot) -> dict[str, float]:
    air = asked.city.air(name, at, spot)
    return {"P1": air.pm10, "P2": air.pm2_5}


def _climate(asked: Asked, at: int, spot: Spot) -> dict[str, float]:
    sky = asked.city.sky(at, spot)
    # Cheap sensors warm themselves a little.
    return {
        "temperature": sky.temperature_c + 0.4,
        "humidity": sky.humidity,
        "pressure": sky.pressure_hpa * 100.0 - 2_000.0,
    }
