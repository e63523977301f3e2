"""The facts of the start page, gathered from a scene: warnings, the axis, air, weather, electricity, who is silent."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from talwerk.cities import DEFAULT_CITY
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.portal.frame.states import NOT_CURRENT, gauge_state
from talwerk.portal.frame.views import Gauge, Talband
from talwerk.portal.here.places import Atlas
from talwerk.portal.lage.air import CLASSES, SUBSTANCES, air_class
from talwerk.portal.lage.views import Air, EmptyView, LageView, Power, Silence, Step, Weather
from talwerk.portal.lage.warned import warned
from talwerk.portal.map.land import CityMaps
from talwerk.portal.site.addresses import CRISIS, START, STATIONS, THEMES
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import COUNTED_MAX, Place, Scene
from talwerk.services.indicators.keeping import STALE_CADENCES, indicator_id, standings
from talwerk.services.indicators.themes import Themes
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.sources.duty import TYPE as SOURCE_TYPE
from talwerk.services.sources.state import Health
from talwerk.services.warnings import Warnings

TILES_MAX = 7
TILES_CALM = 3
"""Air, weather and electricity are enough of a picture; a city that lacks one fills up with others."""
SILENT_MAX = 12
POWER = "gruenstrom"
"""Key of the indicator that the electricity tile shows."""
HOUR_US = 3_600_000_000
NO_RAIN = ("wind", "humidity", "temperature", "rain", *SUBSTANCES)
"""What the tiles of air and weather speak for already."""

NAME, HEALTH, RAIN = expand("name"), expand("health"), expand("precipitation")
_BRINGS_NOTHING = frozenset({Health.STALE, Health.SILENT, Health.UNREACHABLE, Health.MALFORMED})


class Lage:
    """The start page of one city.

    Args:
        warnings: its official warnings.
        themes: of which one knows the electricity.
        gazetteer: its places, for the field that asks for one.
        maps: its maps.
    """

    def __init__(self, warnings: Warnings, themes: Themes, gazetteer: Gazetteer, maps: CityMaps) -> None:
        self._warnings = warnings
        self._themes = themes
        self._gazetteer = gazetteer
        self._maps = maps

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages."""
        return (Leaf(START, self._lage),)

    def _lage(self, _ask: Ask, scene: Scene) -> Found:
        if not scene.total:
            return EmptyView(steps=_first_steps(scene)), ()
        axis = scene.profile.axis
        on_axis = tuple(p for p in scene.named if axis is not None and p.point in axis.points)
        beside = [place for place in scene.named if place not in on_axis]
        air, weather, power = _air(beside, scene), _weather(beside, scene), self._power(scene)
        tiles = _tiles(beside, scene, sum(each is not None for each in (air, weather, power)))
        shown = (*on_axis, *tiles, *(place for place in (air, weather) if place is not None))
        further = tuple(place for place in beside if place not in shown and scene.gauge(place).levels)
        talband = None
        if axis is not None and on_axis:
            talband = Talband(
                axis=axis.phrase.get(scene.texts.language, axis.name),
                gauges=tuple(scene.gauge(place) for place in on_axis),
                flow=scene.texts.text(f"flow.{axis.kind}"),
            )
        view = LageView(
            talband=talband,
            tiles=tuple(scene.gauge(place) for place in tiles),
            series_total=scene.total,
            series_silent=scene.silent,
            list_href=scene.to.href(STATIONS),
            further=tuple(scene.gauge(place) for place in further),
            warned=warned(
                self._warnings, scene.scope, scene.now, scene.texts.locale, simulated=scene.register.simulated
            ),
            air=None if air is None else _graded(air, scene),
            weather=None if weather is None else Weather(scene.gauge(weather), _rain(weather, scene)),
            power=power,
            silences=_silences(scene),
            silent=_silent(scene),
            field=Atlas(self._gazetteer, scene).field() if self._gazetteer.territory is not None else None,
            crisis_href=scene.to.href(CRISIS) if CRISIS in scene.to else "",
            city_map=self._maps.small(scene),
            axis_is_river=axis is not None and axis.kind == "river",
        )
        return view, (*shown, *further)

    def _power(self, scene: Scene) -> Power | None:
        """Sun and wind in the grid; None while nobody has computed it, or when it is of another day."""
        for theme, indicator in self._themes.indicators():
            if indicator.key != POWER:
                continue
            key = indicator_id(scene.profile.city.ags, theme, indicator)
            found = standings(scene.broker, scene.scope, (key,)).get(key)
            if found is None or found.value is None or found.as_of is None:
                return None
            names = ", ".join(dict.fromkeys(self._warnings.publishers.get(source, source) for source in found.sources))
            return Power(
                share_pct=found.value,
                at_us=found.as_of,
                href=scene.to.href(THEMES, theme.key) if THEMES in scene.to else "",
                source=scene.texts.text("value.simulated", source=names) if found.simulated else names,
                is_old=scene.now - found.as_of > STALE_CADENCES * HOUR_US,
            )
        return None


def _tiles(beside: list[Place], scene: Scene, own: int) -> tuple[Place, ...]:
    """Further values: all kinds where air, weather and electricity are unknown, otherwise what they do not tell."""
    if not own:
        return (*beside, *islice(scene.others(), TILES_MAX))[:TILES_MAX]
    untold = (place for place in beside if place.point is not None and place.point.quantity not in NO_RAIN)
    return tuple(islice(untold, max(TILES_CALM - own, 0)))


def _is_live(place: Place, scene: Scene) -> bool:
    return gauge_state(scene.gauge(place), scene.now) not in NOT_CURRENT


def _air_class(place: Place, scene: Scene) -> int:
    """The class of a place's newest value, -1 where it measures something else or nothing."""
    latest = scene.gauge(place).latest
    if place.point is None or place.point.quantity not in SUBSTANCES or latest is None:
        return -1
    return air_class(place.point.quantity, latest.value)


def _air(beside: Iterable[Place], scene: Scene) -> Place | None:
    """The value that decides how good the air is: the worst of those of now."""
    measured = (place for place in beside if _air_class(place, scene) >= 0 and _is_live(place, scene))
    return max(measured, key=lambda place: _air_class(place, scene), default=None)


def _graded(place: Place, scene: Scene) -> Air:
    substance = place.point.quantity if place.point is not None else ""
    return Air(scene.gauge(place), CLASSES[_air_class(place, scene)], substance)


def _weather(beside: Iterable[Place], scene: Scene) -> Place | None:
    warm = (place for place in beside if place.point is not None and place.point.quantity == "temperature")
    return next((place for place in warm if _is_live(place, scene)), None)


def _rain(weather: Place, scene: Scene) -> Gauge | None:
    """What fell in the last hour at the same station, None where nobody says so now."""
    for series in scene.register.of(weather.series.entity):
        if series.attribute == RAIN:
            gauge = scene.gauge(Place(series, weather.station))
            return gauge if gauge_state(gauge, scene.now) not in NOT_CURRENT else None
    return None


def _silent(scene: Scene) -> tuple[Gauge, ...]:
    """Series that say nothing about now; of a large city nobody reads such a list."""
    if scene.total > COUNTED_MAX:
        return ()
    gauges = (scene.gauge(place) for place in (*scene.named, *scene.others()))
    return tuple(islice((each for each in gauges if gauge_state(each, scene.now) in NOT_CURRENT), SILENT_MAX))


def _silences(scene: Scene) -> tuple[Silence, ...]:
    """Sources that bring nothing usable, as the engine has noted it."""
    query = Query(types=(expand(SOURCE_TYPE),), attributes=(NAME, HEALTH), page=Page(limit=100))
    found = []
    for entity in scene.broker.read(query, scene.scope).entities:
        name, health = (entity.attributes.get(each, ()) for each in (NAME, HEALTH))
        if name and health and health[0].value in _BRINGS_NOTHING:
            found.append(Silence(str(name[0].value), str(health[0].value), health[0].modified))
    return tuple(found)


def _first_steps(scene: Scene) -> tuple[Step, ...]:
    text, key = scene.texts.text, scene.profile.city.key
    city = "" if key == DEFAULT_CITY else f" --city {key}"
    return (
        Step(text("start.sample"), f"talwerk sample{city}\ntalwerk replay sample.csv --mapping sample.toml{city}"),
        Step(text("start.own"), f"talwerk replay DATEI.csv --mapping ZUORDNUNG.toml{city}"),
    )
