"""Sensors of citizens with the airrohr firmware: numbers as texts, no time, no place, user and password."""

from __future__ import annotations

import msgspec

from talwerk.core.instants import Instant
from talwerk.twin.simulator.chance import uniform
from talwerk.twin.simulator.weather import Spot
from talwerk.twin.told import Message, Told, Unit

SENSORS = 4
RHYTHM_S = 145
"""The firmware's usual interval."""
TYPES = ("AirQualityObserved", "WeatherObserved")


def units(told: Told) -> tuple[Unit, ...]:
    """Some sensors, each with a key of its own."""
    found = []
    for number in range(1, SENSORS + 1):
        name = f"{told.source.key[:50]}-{number:02d}"
        spot = told.land.somewhere(name)
        found.append(
            Unit(
                name=name,
                key=name,
                types=TYPES,
                every_s=RHYTHM_S,
                title=f"Sensor {number} (simuliert)",
                at=(spot.longitude, spot.latitude),
            )
        )
    return tuple(found)


def message(told: Told, unit: Unit, at: Instant) -> Message:
    """What a sensor measured, and what its firmware tells of itself."""
    spot = Spot(*unit.at) if unit.at is not None else told.land.figure.middle
    air, sky = told.city.air(unit.name, at, spot), told.city.sky(at, spot)
    values = {
        "SDS_P1": f"{air.pm10:.2f}",
        "SDS_P2": f"{air.pm2_5:.2f}",
        # Cheap sensors warm themselves a little.
        "BME280_temperature": f"{sky.temperature_c + 0.4:.2f}",
        "BME280_pressure": f"{sky.pressure_hpa * 100.0 - 2_000.0:.2f}",
        "BME280_humidity": f"{min(sky.humidity, 100.0):.2f}",
        "samples": "5034841",
        "min_micro": "28",
        "max_micro": "20101",
        "interval": str(RHYTHM_S * 1_000),
        "signal": str(-55 - round(30 * uniform(0, f"signal {unit.name}", 0))),
    }
    body = {
        "esp8266id": str(13_000_000 + round(999_999 * uniform(0, unit.name, 3))),
        "software_version": "NRZ-2024-135",
        "sensordatavalues": [{"value_type": kind, "value": value} for kind, value in values.items()],
    }
    return Message(body=msgspec.json.encode(body), scheme="basic")
