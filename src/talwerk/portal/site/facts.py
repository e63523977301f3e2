"""The facts of each page, gathered from a scene."""

from __future__ import annotations

from itertools import groupby, islice

from talwerk.cities import DEFAULT_CITY
from talwerk.core.query import Window as Times
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import Link
from talwerk.portal.views import EmptyView, LageView, PointView, Station, StationsView, Step, Talband
from talwerk.portal.windows import Window, window_links

from .addresses import PAGE, SPAN, START, STATIONS, downloads
from .answers import PageError
from .leaf import Places
from .scene import Place, Scene, credit
from .stretch import stretch

TILES_MAX = 7
LISTED = 100
"""Series on one page of the list."""


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


def stations(scene: Scene, page: int) -> tuple[StationsView, Places]:
    """A page of the list: places with all that is measured there.

    Raises:
        PageError: The list has no such page.
    """
    pages = max(-(-scene.total // LISTED), 1)
    if not 1 <= page <= pages:
        raise PageError(404, scene.texts.text("stations.no_page", page=page, pages=pages))
    shown = scene.listed((page - 1) * LISTED, LISTED)
    listed = []
    for _, group in groupby(shown, key=lambda place: place.station.casefold()):
        places = list(group)
        note = next((p.point.place for p in places if p.point is not None and p.point.place), "")
        listed.append(Station(places[0].station, tuple(scene.gauge(place) for place in places), note))
    view = StationsView(
        stations=tuple(listed),
        series_total=scene.total,
        series_silent=scene.silent,
        page=page,
        pages=pages,
        before=_page_href(scene, page - 1) if page > 1 else "",
        after=_page_href(scene, page + 1) if page < pages else "",
    )
    return view, shown


def _page_href(scene: Scene, page: int) -> str:
    return scene.to.href(STATIONS) if page == 1 else scene.to.href(STATIONS, **{PAGE: str(page)})


def point(scene: Scene, place: Place, span: Window) -> tuple[PointView, Places]:
    """One series in full, in the chosen window."""
    gauge, p = scene.gauge(place), scene.p
    shown = stretch(scene, place, gauge, span, p)
    series = place.series
    csv_href, json_href = _downloads(scene, place, None if span is Window.ALL else shown.window)
    view = PointView(
        title=_title(place, p),
        gauge=gauge,
        trail=(
            Link(p.text("frame.nav_start"), scene.to.href(START)),
            Link(p.text("frame.nav_stations"), scene.to.href(STATIONS)),
        ),
        quantities=_quantities(scene, place),
        ranges=window_links(span, lambda other: scene.href(place, **{SPAN: other.value}), p),
        chart=shown.chart,
        statistics=shown.statistics,
        rows=shown.rows,
        rows_total=shown.rows_total,
        credit=credit(series),
        remarks=shown.remarks,
        method=series.provenance.method,
        cadence_s=series.provenance.cadence_s or 0,
        csv_href=csv_href,
        json_href=json_href,
    )
    return view, (place,)


def _downloads(scene: Scene, place: Place, window: Times | None) -> tuple[str, str]:
    """Where the window can be had; the interface delivers one dataset of an attribute, the last of them."""
    series = place.series
    datasets = [s.dataset or "" for s in scene.register.by_entity[series.entity] if s.attribute == series.attribute]
    return downloads(series, window) if (series.dataset or "") == max(datasets) else ("", "")


def _title(place: Place, p: Phrasebook) -> str:
    quantity = place.point.quantity if place.point is not None else "other"
    return p.text(f"station_title.{quantity}", station=place.station)


def _quantities(scene: Scene, place: Place) -> tuple[Link, ...]:
    beside = scene.beside(place)
    if len(beside) < 2:
        return ()
    return tuple(Link(scene.quantity(other), scene.href(other), current=other == place) for other in beside)
