"""View values of the map; see :mod:`talwerk.portal.views` for what all views share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from talwerk.portal.drawing.city_map import CityMapView, Position
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.views import Gauge
from talwerk.portal.map.tiles import Tiles


class Sort(StrEnum):
    """What a layer holds; also the key of its group's title."""

    MEASURED = "measured"
    THINGS = "things"
    AREAS = "areas"


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose data a feature is, and on which terms.

    Attributes:
        source: Key of its source.
        attribution: The credit line.
        licence: SPDX identifier, ``unknown`` or ``restricted``.
        exportable: Whether everybody may take all of it.
    """

    source: str = ""
    attribution: str = ""
    licence: str = "unknown"
    exportable: bool = False


@dataclass(frozen=True, slots=True)
class Feature:
    """One entry of the list, and one thing on the map.

    Attributes:
        id: The entity's id, or the key of an area.
        name: What people call it.
        layer: Key of its layer.
        position: Where it stands, or the middle of what it covers; None when nobody says.
        geometry: What it covers (GeoJSON), None for a point.
        href: Where more is said of it, or empty.
        gauges: What is measured there, most telling first.
        note: What else is known of it, in a few words.
        terms: Of every source that has a part in it.
    """

    id: str
    name: str
    layer: str
    position: Position | None
    geometry: dict[str, Any] | None = None
    href: str = ""
    gauges: tuple[Gauge, ...] = ()
    note: str = ""
    terms: tuple[Terms, ...] = ()

    @property
    def exportable(self) -> bool:
        """Whether everybody may take it as part of the whole."""
        return bool(self.terms) and all(one.exportable for one in self.terms)


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer that can be chosen.

    Attributes:
        key: In addresses.
        title: What people call it.
        sort: What it holds.
        count: How many features.
        chosen: Whether it is shown.
    """

    key: str
    title: str
    sort: Sort
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One of several choices of a form."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class TilesView:
    """The operator's background map: its address, and what its file says of itself."""

    href: str
    tiles: Tiles


@dataclass(frozen=True, slots=True)
class MapView:
    """The map with its list.

    Attributes:
        layers: What can be chosen.
        themes: The layers of one theme each.
        boroughs: Parts of the city that can be chosen.
        quantities: What is measured, to be chosen.
        text: What the names have to contain, or empty.
        times: Moments that can be chosen.
        newest: The newest full hour, as addresses write it.
        at_us: The moment that is shown, None for now.
        features: One page of what is chosen, in the order of names.
        total: How many features are chosen.
        placeless: How many of them have no place on the map.
        page: Number of this page, from 1.
        pages: Number of pages.
        before: Address of the page before, or empty.
        after: Address of the page after, or empty.
        small: The same as a drawing for browsers without the moving map, or None.
        official: Whether the boundaries are the city's own.
        approximate_filter: Whether boroughs were chosen by boundaries that are not.
        hrefs: Addresses of data by what they are: ``page``, ``points``, ``ground``, ``geojson``,
            ``csv``.
        sources: Whose data it is, all of it, each once.
        left_out: How many things of the city the map has no room for, whatever is chosen.
        kept: How many of the chosen features the terms of their sources keep out of the downloads.
        bounds: West, south, east and north of the city, degrees.
        centre: The middle of what is shown, or None for the whole city.
        zoom: How close it is, or None.
        tiles: The operator's background map, or None.
        here_href: This page with what is chosen, without a page number.
        kept_fields: Fields of the address that the form hands on.
    """

    layers: tuple[LayerView, ...]
    themes: tuple[Link, ...]
    boroughs: tuple[Option, ...]
    quantities: tuple[Option, ...]
    text: str
    times: tuple[Option, ...]
    newest: str
    at_us: int | None
    features: tuple[Feature, ...]
    total: int
    placeless: int
    page: int
    pages: int
    before: str
    after: str
    small: CityMapView | None
    official: bool
    approximate_filter: bool
    hrefs: dict[str, str]
    sources: tuple[Terms, ...]
    left_out: int
    kept: int
    bounds: tuple[float, float, float, float]
    centre: Position | None = None
    zoom: float | None = None
    tiles: TilesView | None = None
    here_href: str = ""
    kept_fields: tuple[tuple[str, str], ...] = field(default=())

    @property
    def filtered(self) -> bool:
        """Whether more than layers were chosen."""
        return bool(self.text) or any(one.chosen for one in (*self.boroughs, *self.quantities))
