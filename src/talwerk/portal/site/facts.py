"""The facts of each page, gathered from a scene."""

from __future__ import annotations

from itertools import groupby

from talwerk.core.query import Window as Times
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import Link
from talwerk.portal.views import PointView, Station, StationsView
from talwerk.portal.windows import Window, window_links

from .addresses import PAGE, SPAN, START, STATIONS, downloads
from .answers import PageError
from .leaf import Places
from .scene import Place, Scene, credit
from .stretch import stretch

LISTED = 100
"""Series on one page of the list."""


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
