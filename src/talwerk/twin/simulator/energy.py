"""A country's electricity in an hour: load by the clock, sun and wind by the weather, the price by what is left."""

from __future__ import annotations

import msgspec

from talwerk.core.instants import HOUR

from .chance import clamp, smooth
from .daytime import local, resting, season
from .weather import Sky

SOLAR_PEAK_MW = 62_000.0
ONSHORE_MW = 63_000.0
# Share of the highest load of a working day, by full hour.
_LOAD = (70, 68, 67, 67, 69, 74, 82, 91, 95, 96, 97, 99, 100, 97, 95, 93, 92, 94, 96, 95, 91, 86, 80, 74)


class Electricity(msgspec.Struct, frozen=True, kw_only=True):
    """Mean power in MW, and the price in EUR/MWh, which may be negative."""

    load_mw: float
    solar_mw: float
    onshore_mw: float
    price: float


def electricity(seed: int, at: int, zone: str, sky: Sky) -> Electricity:
    """The electricity of an instant; the sky of one city stands for that of the country, softened."""
    moment = local(at, zone)
    hour = moment.hour + moment.minute / 60.0
    before, after = _LOAD[int(hour)], _LOAD[(int(hour) + 1) % 24]
    share = (before + (after - before) * (hour - int(hour))) / 100.0
    rest = 0.82 if resting(moment) else 1.0
    load = 66_000.0 * share * rest * (1.0 - 0.07 * season(at)) * (1.0 + 0.02 * smooth(seed, "load", at, 6 * HOUR))
    # Not everywhere is the weather as here.
    clear = sky.radiation_wm2 / max(1.0 - 0.75 * sky.cloud**3.4, 0.2)
    solar = SOLAR_PEAK_MW * 0.8 * (0.45 * sky.radiation_wm2 + 0.4 * clear) / 1_000.0
    gale = clamp((sky.wind_kmh - 3.0) / 30.0 + 0.12 * smooth(seed, "north", at, 20 * HOUR), 0.01, 1.0)
    onshore = ONSHORE_MW * min(gale**1.6, 0.85)
    left = load - solar - onshore
    price = 84.0 + (left - 32_000.0) / 420.0 + 9.0 * smooth(seed, "price", at, 8 * HOUR)
    return Electricity(load_mw=load, solar_mw=solar, onshore_mw=onshore, price=clamp(price, -120.0, 900.0))
