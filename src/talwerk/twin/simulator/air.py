"""The air over streets: traffic and heating put it in, wind takes it away, the sun makes ozone of it."""

from __future__ import annotations

import msgspec

from talwerk.core.instants import HOUR

from .chance import clamp, smooth, uniform
from .daytime import season
from .weather import Sky


class Air(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a cubic metre of air, micrograms."""

    no2: float
    o3: float
    pm10: float
    pm2_5: float


def air(seed: int, at: int, place: str, sky: Sky, activity: float) -> Air:
    """The air at a place.

    Args:
        seed: of the city.
        at: microseconds UTC.
        place: any text that names it; some lie at busy roads, others do not.
        sky: the weather there.
        activity: how busy roads are, 0 to 1.
    """
    roadside = 0.35 + 0.65 * uniform(seed, f"roadside {place}", 0)
    # Calm, clear, cold hours keep everything near the ground.
    lid = 1.0 + 1.1 * clamp(1.0 - sky.wind_kmh / 14.0, 0.0, 1.0) * (0.4 if sky.radiation_wm2 > 150.0 else 1.0)
    heating = clamp((15.0 - sky.temperature_c) / 15.0, 0.0, 1.3)
    wobble = 1.0 + 0.15 * smooth(seed, f"air {place}", at, 2 * HOUR)
    no2 = (5.0 + 27.0 * roadside * activity + 4.0 * heating) * lid * wobble
    o3 = 34.0 + 12.0 * season(at) + 0.085 * sky.radiation_wm2 + 1.6 * max(sky.temperature_c - 18.0, 0.0) - 0.55 * no2
    pm2_5 = (4.0 + 2.0 * roadside * activity + 5.5 * heating) * lid * wobble
    pm10 = pm2_5 * 1.25 + 3.5 + 5.0 * roadside * activity
    return Air(no2=no2, o3=clamp(o3, 2.0, 320.0), pm10=pm10, pm2_5=pm2_5)
