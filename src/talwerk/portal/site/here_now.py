"""What applies at a place now: warnings in force, its stretch of the axis, the nearest stations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from talwerk.core.entity import Attribute, Entity
from talwerk.core.instants import Instant, instant_or_none
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.portal.here_views import ReachLine, StationLine, WarningLine, Warnings
from talwerk.portal.states import NOT_CURRENT, gauge_state
from talwerk.sdk.territory import Reach
from talwerk.services.catalogue.dataset import Dataset
from talwerk.services.places.nearby import Nearby, around
from talwerk.services.sources.state import Health

from .scene import Place, Scene

ALERT = "WeatherAlert"
ALERTS_MAX = 50
GRADES = {"extreme": 3, "severe": 2, "moderate": 1, "minor": 1}
"""Severity in the words of CAP 1.2, and the stage whose colour and shape it takes."""
STATIONS = {"air": "AirQualityObserved", "weather": "WeatherObserved"}
"""Kinds of stations, and the type of their entities."""
STATION_RINGS_M = (4_000.0, 25_000.0)
"""Stations are rare: what is measured at the other end of the city is still the city's air."""
STATIONS_TRIED, VALUES_SHOWN = 5, 4
TELLING = tuple(map(expand, ("temperature", "precipitation", "windSpeed", "no2", "pm10", "pm25", "o3")))
"""Attributes that people ask for first."""


def warnings(scene: Scene, datasets: Iterable[Dataset]) -> Warnings:
    """The warnings in force, the gravest first.

    A source of warnings speaks for the city as a whole, so that its warnings apply at each of its places.
    """
    found = scene.broker.read(Query(types=(expand(ALERT),), page=Page(limit=ALERTS_MAX)), scene.scope).entities
    lines = [line for entity in found if (line := _warning(entity, scene)) is not None]
    sources = [one for one in datasets if ALERT in one.types or one.key in _sources_of_alerts(scene)]
    watched = [one for one in sources if one.health is Health.FRESH]
    return Warnings(
        lines=tuple(sorted(lines, key=lambda line: (-line.stage, line.start_us or 0, line.headline))),
        watched=bool(watched),
        source=next((one.publisher or one.title for one in (*watched, *sources)), ""),
        simulated=scene.register.simulated,
    )


def _sources_of_alerts(scene: Scene) -> frozenset[str]:
    return frozenset(one.key for one in scene.profile.sources if one.connector.endswith("-alerts"))


def _warning(entity: Entity, scene: Scene) -> WarningLine | None:
    """A warning as a line; None when it has ended."""
    said = {name: instances[0] for name, instances in entity.attributes.items() if instances}
    start, end = _instant(said, "validFrom"), _instant(said, "validTo")
    headline = _words(said, "headline", scene) or _words(said, "event", scene) or _words(said, "name", scene)
    if not headline or (end is not None and end <= scene.now):
        return None
    grade = _words(said, "severity", scene).lower()
    return WarningLine(
        headline=headline,
        grade=grade if grade in GRADES else "",
        stage=GRADES.get(grade, 1),
        area=_words(said, "areaServed", scene),
        start_us=start,
        end_us=end,
        instruction=_words(said, "instruction", scene),
        source=_words(said, "alertSource", scene),
    )


def _words(said: dict[Any, Attribute], name: str, scene: Scene) -> str:
    """A text in the language of the page, or in whichever there is."""
    attribute = said.get(expand(name))
    value = attribute.value if attribute is not None else ""
    if isinstance(value, dict):
        value = value.get(scene.texts.locale) or value.get("de") or next(iter(value.values()), "")
    return value.strip() if isinstance(value, str) else ""


def _instant(said: dict[Any, Attribute], name: str) -> Instant | None:
    attribute = said.get(expand(name))
    return instant_or_none(attribute.value) if attribute is not None else None


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
    measuring = (one for one in near if scene.register.by_entity.get(one.entity))
    for _, found in zip(range(STATIONS_TRIED), measuring, strict=False):
        places = _telling(scene, found.entity)
        if any(gauge_state(scene.gauge(place), scene.now) not in NOT_CURRENT for place in places):
            return _line(scene, kind, found, places), places
        silent = silent or (found, places)
    return (_line(scene, kind, *silent), silent[1]) if silent else (None, ())


def _telling(scene: Scene, entity: str) -> tuple[Place, ...]:
    """What is measured at a station, as far as a line has room for it."""
    order: dict[str, int] = {attribute: rank for rank, attribute in enumerate(TELLING)}
    measured = scene.beside(Place(scene.register.by_entity[entity][0], ""))
    ranked = sorted(measured, key=lambda place: order.get(place.series.attribute, len(order)))
    return tuple(ranked[:VALUES_SHOWN])


def _line(scene: Scene, kind: str, found: Nearby, places: tuple[Place, ...]) -> StationLine:
    name = scene.register.station(found.entity)
    return StationLine(kind, name, found.distance_m, tuple(scene.gauge(place) for place in places))
