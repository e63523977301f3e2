"""A city's landscape as the simulation needs it: from its profile, and from ``twin.toml`` beside it if there is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from talwerk import cities
from talwerk.sdk.declaration import read_declaration
from talwerk.sdk.profile import MeasuringPoint, Profile

from .simulator.chance import uniform
from .simulator.city import Figure
from .simulator.river import Gauge
from .simulator.weather import Spot

FILE = "twin.toml"
QUARTER_M = 600.0
"""Half the width of what is built on in a quarter, at most."""
METRES_PER_DEGREE = 111_195.0
SOMEWHERE = Spot(10.0, 51.0)
"""The middle of the country, for a profile that does not tell where its city lies."""


class DeclaredGauge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a profile knows about the landscape above a gauge; estimates are good enough for a simulation.

    ``place`` is longitude and latitude, for a gauge that no quarter is named after.
    """

    point: str
    area_km2: Annotated[float, Meta(gt=0)]
    delay_h: Annotated[float, Meta(ge=0)]
    normal_cm: Annotated[float, Meta(gt=0)]
    place: tuple[float, float] | None = None


class Declared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file ``twin.toml`` of a profile."""

    gauges: tuple[DeclaredGauge, ...] = ()


class Landscape:
    """Where a city lies, and what flows through it.

    Args:
        city: key or folder of the profile.
        profile: the profile.

    Raises:
        DomainError: ``twin.toml`` cannot be read.
    """

    def __init__(self, city: str, profile: Profile) -> None:
        self.profile = profile
        path = cities.folder(city) / FILE
        declared = read_declaration(path, Declared) if path.is_file() else Declared()
        known = {gauge.point: gauge for gauge in declared.gauges}
        axis = [point for point in (profile.axis.points if profile.axis else ()) if point.quantity == "level"]
        gauges = {point.key: _by_place(point, place) for place, point in enumerate(axis)}
        gauges |= {
            key: Gauge(area_km2=gauge.area_km2, delay_h=gauge.delay_h, normal_cm=gauge.normal_cm)
            for key, gauge in known.items()
        }
        self.figure = Figure(zone=profile.city.zone, middle=_middle(city), gauges=gauges)
        self._places = {key: Spot(*gauge.place) for key, gauge in known.items() if gauge.place is not None}
        self.quarters = tuple(_quarters(city)) or ((profile.city.name, self.figure.middle, QUARTER_M),)

    def point(self, source: str, native: str) -> MeasuringPoint | None:
        """The measuring point that a source's thing stands for; a level before anything else."""
        named = [point for point in self.profile.measuring_points if f"{source}:{native}" in point.entities]
        return min(named, key=lambda point: point.quantity != "level", default=None)

    def place(self, point: MeasuringPoint) -> Spot:
        """Where a measuring point lies : as declared, else in the quarter of its name, else anywhere in the city."""
        named = (middle for quarter, middle, _ in self.quarters if quarter.startswith(point.name))
        return self._places.get(point.key) or next(named, None) or self.settled(point.name)

    def somewhere(self, name: str) -> Spot:
        """A place in the city that always is the same for a name."""
        middle = self.figure.middle
        return Spot(
            round(middle.longitude + 0.14 * (uniform(0, name, 0) - 0.5), 3),
            round(middle.latitude + 0.06 * (uniform(0, name, 1) - 0.5), 3),
        )

    def settled(self, name: str) -> Spot:
        """A place in a quarter that always is the same for a name."""
        _, centre, reach_m = self.quarters[int(uniform(0, f"quarter {name}", 0) * len(self.quarters))]
        away = reach_m * math.sqrt(uniform(0, name, 0)) / METRES_PER_DEGREE
        bearing = 2 * math.pi * uniform(0, name, 1)
        east = math.cos(math.radians(centre.latitude))
        return Spot(
            round(centre.longitude + away * math.cos(bearing) / east, 6),
            round(centre.latitude + away * math.sin(bearing), 6),
        )

    def gauge(self, source: str, native: str) -> Gauge:
        """The gauge of a source's thing; one that nobody described gets a small catchment by chance."""
        point = self.point(source, native)
        if point is not None and point.key in self.figure.gauges:
            return self.figure.gauges[point.key]
        share = uniform(0, f"gauge {native}", 0)
        return Gauge(area_km2=15.0 + 120.0 * share, delay_h=1.0 + 3.0 * share, normal_cm=25.0 + 60.0 * share)


def _by_place(point: MeasuringPoint, place: int) -> Gauge:
    """A gauge of which only its place on the axis is known: the further down, the more water, the later."""
    normal_cm = 0.72 * point.levels.values[0] if point.levels else 40.0 + 50.0 * uniform(0, f"gauge {point.key}", 0)
    return Gauge(area_km2=150.0 + 110.0 * place, delay_h=2.0 + 1.3 * place, normal_cm=normal_cm)


def _quarters(city: str) -> Iterator[tuple[str, Spot, float]]:
    """Name, middle and half the width [m] of each quarter whose centre is known."""
    territory = cities.territory(city)
    for part in territory.quarters if territory is not None else ():
        if part.centre is not None:
            half_m = 500.0 * math.sqrt(part.area_km2) if part.area_km2 is not None else QUARTER_M
            yield part.name, Spot(*part.centre), min(half_m, QUARTER_M)


def _middle(city: str) -> Spot:
    territory = cities.territory(city)
    if territory is None:
        return SOMEWHERE
    west, south, east, north = territory.bounds
    return Spot((west + east) / 2, (south + north) / 2)
