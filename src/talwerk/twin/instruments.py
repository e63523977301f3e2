"""What an instrument anywhere in the city would show; what nobody simulates takes a slow course."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from talwerk.core.instants import HOUR, MINUTE

from .landscape import Landscape
from .simulator import SimulatedCity
from .simulator.chance import smooth, uniform
from .simulator.weather import Spot

RAIN_OVER = 10 * MINUTE
ATTRIBUTES = {
    "WaterObserved": {"height": "CMT", "flow": "MQS"},
    "WeatherObserved": {"temperature": "CEL", "relativeHumidity": "P1", "windSpeed": "KMH"},
    "AirQualityObserved": {"no2": "GQ", "o3": "GQ", "pm10": "GQ", "pm25": "GQ"},
    "Device": {"batteryVoltage": "VLT"},
}
"""What is measured at things of a type, with its unit; at all others nothing."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """Something that measures one quantity of a thing.

    Attributes:
        native: the source's id of the thing.
        attribute: short name of what is measured.
        unit: UN/CEFACT code of its values.
        spot: where it is.
        least: of what nobody simulates.
        most: likewise.
    """

    native: str
    attribute: str
    unit: str
    spot: Spot
    least: float = -math.inf
    most: float = math.inf


def shown(of: Instrument, source: str, at: int, city: SimulatedCity, land: Landscape) -> float:
    """What an instrument shows.

    Args:
        of: the instrument.
        source: key of the source that it belongs to.
        at: microseconds UTC.
        city: what could be measured.
        land: what the profile knows.
    """

    def level_cm() -> float:
        return city.level_cm(land.gauge(source, of.native), at)

    used = uniform(0, f"battery {of.native}", 0)
    known: dict[tuple[str, str], Callable[[], float]] = {
        ("height", "CMT"): level_cm,
        ("height", "MTR"): lambda: level_cm() / 100.0,
        ("height", "MMT"): lambda: level_cm() * 10.0,
        ("flow", "MQS"): lambda: city.flow_m3s(land.gauge(source, of.native), at),
        ("precipitation", "MMT"): lambda: city.rain_mm(at - RAIN_OVER, at, of.spot),
        ("temperature", "CEL"): lambda: city.sky(at, of.spot).temperature_c,
        ("temperature", "KEL"): lambda: city.sky(at, of.spot).temperature_c + 273.15,
        ("relativeHumidity", "P1"): lambda: city.sky(at, of.spot).humidity,
        ("atmosphericPressure", "A97"): lambda: city.sky(at, of.spot).pressure_hpa,
        ("windSpeed", "KMH"): lambda: city.sky(at, of.spot).wind_kmh,
        ("windSpeed", "MTS"): lambda: city.sky(at, of.spot).wind_kmh / 3.6,
        ("windDirection", "DD"): lambda: city.sky(at, of.spot).wind_from % 360.0,
        ("solarRadiation", "D54"): lambda: city.sky(at, of.spot).radiation_wm2,
        ("no2", "GQ"): lambda: city.air(of.native, at, of.spot).no2,
        ("o3", "GQ"): lambda: city.air(of.native, at, of.spot).o3,
        ("pm10", "GQ"): lambda: city.air(of.native, at, of.spot).pm10,
        ("pm25", "GQ"): lambda: city.air(of.native, at, of.spot).pm2_5,
        ("batteryVoltage", "VLT"): lambda: 3.6 - 0.15 * used,
        ("batteryLevel", "P1"): lambda: round(95.0 - 40.0 * used),
        ("tilted", "C62"): lambda: 0.0,
    }
    measure = known.get((of.attribute, of.unit))
    return measure() if measure is not None else _course(of, at)


def _course(of: Instrument, at: int) -> float:
    """A slow course between limits."""
    low = of.least if math.isfinite(of.least) else 0.0
    high = of.most if math.isfinite(of.most) else low + 40.0
    return low + (high - low) * (0.5 + 0.2 * smooth(0, f"{of.native} {of.attribute}", at, 6 * HOUR))
