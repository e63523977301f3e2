"""The facts of each page, gathered from a scene."""

from __future__ import annotations

from itertools import groupby

from talwerk.core.instants import format_instant
from talwerk.core.terms import compact
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import Link
from talwerk.portal.states import State, gauge_state
from talwerk.portal.views import (
    EmptyView,
    Gauge,
    LageView,
    PointView,
    Station,
    StationsView,
    Step,
    Talband,
)
from talwerk.portal.windows import Window, window_links

from .scene import Place, Scene, credit
from .stretch import stretch

START = "/de"
STATIONS = "/de/messstellen"
TILES_MAX = 7
API = "/api/v1/stations"


def lage(scene: Scene) -> LageView | EmptyView:
    """The start page: the axis, the most telling other points, and how many series are silent."""
    if not scene.places:
        return EmptyView(steps=_first_steps(scene))
    gauges = {place: scene.gauge(place) for place in scene.places}
    axis = scene.profile.axis
    on_axis = [p for p in scene.places if axis is not None and p.point is not None and p.point in axis.points]
    beside = [gauges[p] for p in scene.places if p not in on_axis]
    silent = sum(gauge_state(g, scene.now) in (State.SILENT, State.EMPTY) for g in gauges.values())
    talband = None
    if axis is not None and on_axis:
        language = scene.texts.language
        talband = Talband(
            axis=axis.phrase.get(language, axis.name),
            gauges=tuple(gauges[p] for p in on_axis),
            flow=scene.texts.text(f"flow.{axis.kind}"),
        )
    return LageView(
        talband=talband,
        tiles=tuple(beside[:TILES_MAX]),
        series_total=len(gauges),
        series_silent=silent,
        list_href=STATIONS,
    )


def _first_steps(scene: Scene) -> tuple[Step, ...]:
    text = scene.texts.text
    return (
        Step(text("start.sample"), "talwerk sample\ntalwerk replay sample.csv --mapping sample.toml"),
        Step(text("start.own"), "talwerk replay DATEI.csv --mapping ZUORDNUNG.toml"),
    )


def stations(scene: Scene) -> StationsView:
    """Every place with all that is measured there."""
    ordered = sorted(scene.places, key=lambda place: place.station.casefold())
    listed = []
    for _, group in groupby(ordered, key=lambda place: place.station.casefold()):
        places = list(group)
        note = next((p.point.place for p in places if p.point is not None and p.point.place), "")
        listed.append(Station(places[0].station, tuple(scene.gauge(place) for place in places), note))
    return StationsView(tuple(listed))


def point(scene: Scene, place: Place, span: Window, p: Phrasebook) -> PointView:
    """One series in full, in the chosen window."""
    gauge = scene.gauge(place)
    shown = stretch(scene, place, gauge, span)
    series = place.series
    address = f"{API}/{series.entity}/{compact(series.attribute)}"
    query = "" if span is Window.ALL else f"?from={_time(shown.window.start)}&to={_time(shown.window.end)}"
    return PointView(
        title=_title(place, p),
        gauge=gauge,
        trail=(Link(p.text("frame.nav_lage"), START), Link(p.text("frame.nav_stations"), STATIONS)),
        quantities=_quantities(scene, place),
        ranges=window_links(span, lambda other: f"{place.href}?zeitraum={other.value}", p),
        chart=shown.chart,
        statistics=shown.statistics,
        rows=shown.rows,
        rows_total=shown.rows_total,
        credit=credit(series),
        method=series.provenance.method,
        cadence_s=series.provenance.cadence_s or 0,
        csv_href=f"{address}.csv{query}",
        json_href=f"{address}.json{query}",
    )


def _time(instant: int | None) -> str:
    return format_instant(instant or 0)


def _title(place: Place, p: Phrasebook) -> str:
    quantity = place.point.quantity if place.point is not None else "other"
    return p.text(f"station_title.{quantity}", station=place.station)


def _quantities(scene: Scene, place: Place) -> tuple[Link, ...]:
    beside = scene.beside(place)
    if len(beside) < 2:
        return ()
    return tuple(Link(scene.measure(other).quantity, other.href, current=other == place) for other in beside)


def simulated(places: tuple[Place, ...]) -> bool:
    """Whether any of the places shows values that nobody measured."""
    return any(place.series.provenance.simulated for place in places)


def gauges_of(view: LageView) -> tuple[Gauge, ...]:
    """Every gauge that the start page shows."""
    return (*(view.talband.gauges if view.talband else ()), *view.tiles)
