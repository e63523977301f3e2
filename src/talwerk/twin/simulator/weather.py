"""The weather of an instant, without rain: temperature, clouds, sun, wind, humidity, pressure."""

from __future__ import annotations

import math

import msgspec

from talwerk.core.instants import DAY, HOUR

from .chance import clamp, smooth
from .daytime import clear_sky_wm2, season, sun_height
from .storms import wetness


class Sky(msgspec.Struct, frozen=True, kw_only=True):
    """What the weather is like.

    Attributes:
        temperature_c: of the air.
        cloud: share of the sky that is covered, 0 to 1.
        radiation_wm2: global radiation.
        wind_kmh: mean wind.
        gust_kmh: strongest gust.
        wind_from: degrees that it comes from.
        humidity: relative, per cent.
        pressure_hpa: reduced to sea level.
    """

    temperature_c: float
    cloud: float
    radiation_wm2: float
    wind_kmh: float
    gust_kmh: float
    wind_from: float
    humidity: float
    pressure_hpa: float

    @property
    def dew_point_c(self) -> float:
        """Magnus' formula (Sonntag 1990)."""
        gamma = math.log(self.humidity / 100.0) + 17.62 * self.temperature_c / (243.12 + self.temperature_c)
        return 243.12 * gamma / (17.62 - gamma)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario wants of the weather at an instant.

    Attributes:
        warmer_c: degrees to be added.
        cloud: share of the sky, and how much of the wish counts, 0 to 1.
        wind_kmh: mean wind, and how much of the wish counts.
    """

    warmer_c: float = 0.0
    cloud: tuple[float, float] = (0.0, 0.0)
    wind_kmh: tuple[float, float] = (0.0, 0.0)


class Spot(msgspec.Struct, frozen=True):
    """Where somebody looks at the sky: degrees east and north."""

    longitude: float
    latitude: float


def sky(seed: int, at: int, spot: Spot, rain_mmh: float, wish: Wish) -> Sky:
    """The weather at an instant.

    Args:
        seed: of the city.
        at: microseconds UTC.
        spot: where.
        rain_mmh: how strongly it rains there.
        wish: of a scenario.
    """
    wet, warm = wetness(seed, at), season(at)
    own = 0.52 + 0.38 * wet + 0.25 * smooth(seed, "cloud", at, 3 * HOUR) + 0.3 * min(rain_mmh, 1.0)
    cloud = clamp(_towards(clamp(own, 0.0, 1.0), wish.cloud), 0.0, 1.0)
    height = sun_height(at, spot.longitude, spot.latitude)
    mean_c = 10.2 + 8.3 * warm + 4.2 * smooth(seed, "warmth", at, 4.5 * DAY) + wish.warmer_c
    # The day's course lags the sun by about three hours; clouds flatten it.
    swing_c = (3.0 + 2.2 * (warm + 1.0)) * (1.0 - 0.65 * cloud)
    course = math.cos(2 * math.pi * ((at % DAY) / DAY + spot.longitude / 360.0 - 15.0 / 24.0))
    cooled_c = min(0.9 * rain_mmh, 4.0)
    gentle = 9.0 + 5.0 * wet + 6.0 * smooth(seed, "wind", at, 9 * HOUR) + 1.5 * smooth(seed, "gust", at, HOUR)
    wind = clamp(_towards(gentle + 1.5 * min(rain_mmh, 6.0), wish.wind_kmh), 1.0, 120.0)
    humidity = 77.0 + 9.0 * wet - 3.2 * swing_c * course + 8.0 * min(rain_mmh, 2.0) - 0.5 * wish.warmer_c
    return Sky(
        temperature_c=mean_c + swing_c * course - cooled_c,
        cloud=cloud,
        radiation_wm2=clear_sky_wm2(height) * (1.0 - 0.75 * cloud**3.4),
        wind_kmh=wind,
        gust_kmh=wind * (1.5 + 0.3 * smooth(seed, "gust", at, HOUR)),
        wind_from=(235.0 + 70.0 * smooth(seed, "direction", at, 14 * HOUR)) % 360.0,
        humidity=clamp(humidity, 18.0, 100.0),
        pressure_hpa=1_014.5 - 7.0 * wet + 6.0 * smooth(seed, "pressure", at, 3 * DAY),
    )


def _towards(own: float, wish: tuple[float, float]) -> float:
    wanted, share = wish
    return own + share * (wanted - own)
