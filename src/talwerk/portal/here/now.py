"""What is measured for a place: at its stretch of the axis, and at the nearest stations."""

from __future__ import annotations

from talwerk.core.terms import expand
from talwerk.portal.frame.states import NOT_CURRENT, gauge_state
from talwerk.portal.here.views import ReachLine, StationLine
from talwerk.portal.site.scene import Place, Scene
from talwerk.sdk.territory import Reach
from talwerk.services.places.nearby import Nearby, around

STATIONS = {"air": "AirQualityObserved", "weather": "WeatherObserved"}
"""Kinds of stations, and the type of their entities."""
STATION_RINGS_M = (4_000.0, 25_000.0)
"""Stations are rare: what is measured at the other end of the city is still the city's air."""
STATIONS_TRIED, VALUES_SHOWN = 5, 4
TELLING = tuple(map(expand, ("temperature", "precipitation", "windSpeed", "no2", "pm10", "pm25", "o3")))
"""Attributes that people ask for first."""


def reach_line(scene: Scene, reach: Reach) -> tuple[ReachLine, tuple[Place, ...]]:
    """A stretch of the axis, and the place of its gauge."""
    place = scene.place(reach.point)
    line = ReachLine(reach.name, None if place is None else scene.gauge(place), bool(reach.unconfirmed))
    return line, () if place is None else (place,)


def station_line(scene: Scene, kind: str, where: tuple[float, float]) -> tuple[StationLine | None, tuple[Place, ...]]:
    """The nearest station of a kind that speaks about now; the nearest of all when none does.

    Args:
        scene: The city at one instant.
        kind: One of :data:`STATIONS`.
        where: Longitude and latitude, degrees (WGS 84).
    """
    silent: tuple[Nearby, tuple[Place, ...]] | None = None
    near = around(scene.broker, scene.scope, where, expand(STATIONS[kind]), rings_m=STATION_RINGS_M)
    measuring = (one for one in near if scene.register.of(one.entity))
    for _, found in zip(range(STATIONS_TRIED), measuring, strict=False):
        places = _telling(scene, found.entity)
        if any(gauge_state(scene.gauge(place), scene.now) not in NOT_CURRENT for place in places):
            return _line(scene, kind, found, places), places
        silent = silent or (found, places)
    return (_line(scene, kind, *silent), silent[1]) if silent else (None, ())


def _telling(scene: Scene, entity: str) -> tuple[Place, ...]:
    """What is measured at a station, as far as a line has room for it."""
    order: dict[str, int] = {attribute: rank for rank, attribute in enumerate(TELLING)}
    measured = scene.beside(Place(scene.register.of(entity)[0], ""))
    ranked = sorted(measured, key=lambda place: order.get(place.series.attribute, len(order)))
    return tuple(ranked[:VALUES_SHOWN])


def _line(scene: Scene, kind: str, found: Nearby, places: tuple[Place, ...]) -> StationLine:
    name = scene.register.station(found.entity)
    return StationLine(kind, name, found.distance_m, tuple(scene.gauge(place) for place in places))
