"""The facts of the start page, gathered from a scene."""

from __future__ import annotations

from itertools import islice

from talwerk.cities import DEFAULT_CITY
from talwerk.portal.lage_views import EmptyView, LageView, Step
from talwerk.portal.views import Talband

from .addresses import STATIONS
from .leaf import Places
from .scene import Scene

TILES_MAX = 7


def lage(scene: Scene) -> tuple[LageView | EmptyView, Places]:
    """The start page: the axis, the most telling other points, and how many series are silent."""
    if not scene.total:
        return EmptyView(steps=_first_steps(scene)), ()
    axis = scene.profile.axis
    on_axis = tuple(p for p in scene.named if axis is not None and p.point in axis.points)
    beside = [place for place in scene.named if place not in on_axis]
    tiles = (*beside, *islice(scene.others(), TILES_MAX))[:TILES_MAX]
    further = tuple(p for p in beside[TILES_MAX:] if p.point is not None and p.point.levels is not None)
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
    )
    return view, (*on_axis, *tiles, *further)


def _first_steps(scene: Scene) -> tuple[Step, ...]:
    text, key = scene.texts.text, scene.profile.city.key
    city = "" if key == DEFAULT_CITY else f" --city {key}"
    return (
        Step(text("start.sample"), f"talwerk sample{city}\ntalwerk replay sample.csv --mapping sample.toml{city}"),
        Step(text("start.own"), f"talwerk replay DATEI.csv --mapping ZUORDNUNG.toml{city}"),
    )
