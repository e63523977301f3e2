"""The map's page: what is chosen, as a list that is complete, and as a map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from talwerk.core.geometry import is_located
from talwerk.core.query import Located, Relation
from talwerk.portal.drawing.city_map import CityMapView, Position, Spot
from talwerk.portal.frame.place import Link
from talwerk.portal.map.choice import CENTRE, FIELDS, FILTERS, LAYER, PAGE, ZOOM, Choice, hours_back, time_text
from talwerk.portal.map.ground import TileFile
from talwerk.portal.map.land import LOCATION, MAP, CityMaps
from talwerk.portal.map.page import credits_of
from talwerk.portal.map.stock import AIR, MEASURED, WARNINGS, WATER, WEATHER, Stock, Stocks
from talwerk.portal.map.views import Feature, LayerView, MapView, Option, Sort, Terms, TilesView
from talwerk.portal.site.addresses import HERE, with_query
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Scene
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.themes import Themes
from talwerk.services.territory import Areas, Kind, Origin

LISTED = 40
"""Entries on one page of the list."""
DRAWN_MAX = 150
"""Places on the drawing for browsers without the moving map."""
FIRST = frozenset({WATER, AIR, WEATHER, WARNINGS})
"""Layers of a map that nobody has chosen from."""
QUARTERS = "quartiere"
POINTS, GROUND, GEOJSON, CSV, TILES = "punkte.json", "grund.json", "auswahl.geojson", "auswahl.csv", "kacheln.pmtiles"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a choice selects.

    Attributes:
        choice: What was asked for.
        stock: What there is.
        keys: Layers that are shown.
        features: What is shown, in the order of names.
    """

    choice: Choice
    stock: Stock
    keys: frozenset[str]
    features: tuple[Feature, ...]


class Maps:
    """The map of one city.

    Args:
        maps: Boundaries.
        stocks: What there is.
        datasets: On which terms.
        themes: Which layers belong together.
        tiles: The operator's background map.
    """

    def __init__(
        self,
        maps: CityMaps,
        stocks: Stocks,
        datasets: Catalogue,
        themes: Themes,
        tiles: TileFile,
    ) -> None:
        self.maps = maps
        self._stocks = stocks
        self._datasets = datasets
        self._themes = themes
        self._tiles = tiles

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; none for a city that declares no parts, and so has no map."""
        return (
            (Leaf(MAP, self._page, reads=FIELDS, lists=(LAYER,), slow=True),) if self.maps.territory is not None else ()
        )

    def shown(self, query: Mapping[str, str], scene: Scene) -> Shown:
        """What the fields of an address select.

        Raises:
            PageError: One of them cannot be read, or names nothing that there is.
        """
        choice = Choice.of(query, scene.now, scene.texts)
        stock = self._with_quarters(self._stocks.current(scene, self._datasets.datasets(scene.scope), choice.at), scene)
        # Layers of measurements may hold nothing, now or at a moment of the past, and are no mistake then.
        if unknown := (choice.layers or frozenset()) - stock.features.keys() - {*MEASURED, WARNINGS}:
            raise PageError(404, scene.texts.text("map.no_layer", asked=sorted(unknown)[0][:60]))
        keys = (FIRST if choice.layers is None else choice.layers) & stock.features.keys()
        return Shown(choice, stock, keys, tuple(self._chosen(choice, stock, keys, scene)))

    def _chosen(self, choice: Choice, stock: Stock, keys: frozenset[str], scene: Scene) -> Iterable[Feature]:
        found = [feature for key in order_of(stock) if key in keys for feature in stock.features[key]]
        if choice.text:
            wanted = choice.text.casefold()
            found = [one for one in found if wanted in one.name.casefold() or wanted in one.note.casefold()]
        if choice.quantity:
            found = [cut for one in found if (cut := _measuring(one, choice.quantity)) is not None]
        if choice.borough:
            found = self._within(found, choice.borough, scene)
        return sorted(found, key=lambda one: (one.name.casefold(), one.id)) if len(keys) > 1 else found

    def _within(self, found: Sequence[Feature], key: str, scene: Scene) -> list[Feature]:
        areas = self.maps.areas()
        area = areas.area(Kind.BOROUGH, key) if areas is not None else None
        geometry = self.maps.boundary(area.part) if area is not None else None
        if geometry is None:
            raise PageError(404, scene.texts.text("map.no_borough", asked=key[:60]))
        around = msgspec.json.encode(geometry).decode()
        inside = Located(attribute=LOCATION, relation=Relation.INTERSECTS, geometry=around)
        return [one for one in found if one.position is not None and is_located(_point(one.position), inside)]

    def _with_quarters(self, stock: Stock, scene: Scene) -> Stock:
        """Quarters are a layer, too: of what the profile declares, not of what somebody wrote."""
        areas = self.maps.areas()
        found = areas.of(Kind.QUARTER) if areas is not None else ()
        quarters = tuple(
            Feature(
                id=area.part.key,
                name=area.part.name,
                layer=QUARTERS,
                position=area.part.centre,
                geometry=area.geometry,
                href=scene.to.href(HERE, area.part.key) if HERE in scene.to else "",
                note="" if area.origin is Origin.OFFICIAL else scene.texts.text("map.approximate_area"),
                terms=self._official_terms() if area.origin is Origin.OFFICIAL else (),
            )
            for area in sorted(found, key=lambda area: area.part.name.casefold())
            if area.geometry is not None
        )
        if not quarters:
            return stock
        with_quarters = {**stock.features, QUARTERS: quarters}
        return replace(stock, features=with_quarters, sorts={**stock.sorts, QUARTERS: Sort.AREAS})

    def _official_terms(self) -> tuple[Terms, ...]:
        territory = self.maps.territory
        layer = next((one for one in territory.layers if one.key == "quarters"), None) if territory else None
        return () if layer is None else (Terms(layer.key, layer.attribution, layer.licence, exportable=True),)

    # --- the page -----------------------------------------------------------------------------------------------------

    def _page(self, ask: Ask, scene: Scene) -> Found:
        shown = self.shown(ask.query, scene)
        choice, total = shown.choice, len(shown.features)
        pages = max(-(-total // LISTED), 1)
        if not 1 <= choice.page <= pages:
            raise PageError(404, scene.texts.text("map.no_page", page=choice.page, pages=pages))
        listed = shown.features[(choice.page - 1) * LISTED : choice.page * LISTED]
        here = scene.to.href(MAP, **choice.fields())
        areas, territory = self.maps.areas(), self.maps.territory
        if territory is None:
            raise PageError(404)
        view = MapView(
            layers=_layers(shown, scene),
            themes=self._presets(shown, scene),
            boroughs=_boroughs(areas, choice.borough) if areas is not None else (),
            quantities=_quantities(shown, choice.quantity),
            text=choice.text,
            times=_times(choice, scene),
            newest=time_text(hours_back(scene.now)[0]),
            at_us=choice.at,
            features=listed,
            total=total,
            placeless=sum(one.position is None for one in shown.features),
            page=choice.page,
            pages=pages,
            before=_paged(here, choice.page - 1) if choice.page > 1 else "",
            after=_paged(here, choice.page + 1) if choice.page < pages else "",
            small=self._drawing(shown, scene),
            official=self.maps.official,
            approximate_filter=bool(choice.borough) and not self.maps.official,
            hrefs=hrefs(choice, scene),
            sources=credits_of(shown.features),
            left_out=shown.stock.left_out,
            kept=sum(not one.exportable for one in shown.features),
            bounds=territory.bounds,
            centre=choice.centre,
            zoom=choice.zoom,
            tiles=self._background(scene),
            here_href=here,
            kept_fields=tuple((name, value) for name, value in choice.fields().items() if name in {CENTRE, ZOOM}),
        )
        return view, ()

    def _drawing(self, shown: Shown, scene: Scene) -> CityMapView | None:
        ground = self.maps.empty(scene)
        measured = (one for one in shown.features if one.gauges)
        spots = [Spot(one.name, one.position, one.gauges) for one in measured if one.position is not None]
        return replace(ground, spots=tuple(spots[:DRAWN_MAX])) if ground is not None else None

    def _background(self, scene: Scene) -> TilesView | None:
        tiles = self._tiles.current()
        return None if tiles is None else TilesView(f"{scene.to.path(MAP)}/{TILES}", tiles)

    def _presets(self, shown: Shown, scene: Scene) -> tuple[Link, ...]:
        """The layers of one theme each, where a theme has any on the map."""
        of_source: dict[str, set[str]] = {}
        for key, features in shown.stock.features.items():
            for source in {terms.source for one in features for terms in one.terms}:
                of_source.setdefault(source, set()).add(key)
        links = []
        for theme in self._themes.themes:
            keys = {
                key
                for one in self._datasets.datasets(scene.scope)
                if theme.key in one.themes
                for key in of_source.get(one.key, ())
            }
            if keys:
                fields = replace(shown.choice, layers=frozenset(keys), quantity="").fields()
                title = theme.title.said(scene.texts.language)
                links.append(Link(title, scene.to.href(MAP, **fields), current=shown.keys == keys))
        return tuple(links)


def order_of(stock: Stock) -> list[str]:
    """Layers as they are listed: what is measured, then things, then areas."""
    sorts = list(Sort)
    measured = {key: place for place, key in enumerate(MEASURED)}
    return sorted(stock.features, key=lambda key: (sorts.index(stock.sorts[key]), measured.get(key, 9), key))


def hrefs(choice: Choice, scene: Scene) -> dict[str, str]:
    """Addresses of the data behind a page."""
    path = scene.to.path(MAP)
    fields = {name: value for name, value in choice.fields().items() if name in FILTERS}
    return {
        "page": path,
        "points": with_query(f"{path}/{POINTS}", **fields),
        "ground": f"{path}/{GROUND}",
        "geojson": with_query(f"{path}/{GEOJSON}", **fields),
        "csv": with_query(f"{path}/{CSV}", **fields),
    }


def title_of(key: str, scene: Scene) -> str:
    """What a layer is called; what nobody named keeps its key."""
    name = f"map.layer.{key}"
    return scene.texts.text(name) if name in scene.texts else key.replace("PointOfInterest-", "")


def _layers(shown: Shown, scene: Scene) -> tuple[LayerView, ...]:
    stock = shown.stock
    empty = sorted((shown.choice.layers or frozenset()) - stock.features.keys())
    kept = tuple(LayerView(key, title_of(key, scene), Sort.MEASURED, 0, chosen=True) for key in empty)
    return kept + tuple(
        LayerView(key, title_of(key, scene), stock.sorts[key], len(stock.features[key]), key in shown.keys)
        for key in order_of(stock)
    )


def _boroughs(areas: Areas, chosen: str) -> tuple[Option, ...]:
    return tuple(Option(one.part.key, one.part.name, one.part.key == chosen) for one in areas.of(Kind.BOROUGH))


def _quantities(shown: Shown, chosen: str) -> tuple[Option, ...]:
    """What is measured in the layers that are shown, and what was asked for."""
    names = {gauge.measure.quantity for key in shown.keys for one in shown.stock.features[key] for gauge in one.gauges}
    if chosen:
        names.add(chosen)
    return tuple(Option(name, name, name == chosen) for name in sorted(names, key=str.casefold))


def _times(choice: Choice, scene: Scene) -> tuple[Option, ...]:
    moments = list(hours_back(scene.now))
    if choice.at is not None and choice.at not in moments:
        moments = sorted([*moments, choice.at], reverse=True)
    return tuple(Option(time_text(at), scene.p.moment(at), at == choice.at) for at in moments)


def _point(position: Position) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position)}


def _measuring(feature: Feature, quantity: str) -> Feature | None:
    gauges = tuple(gauge for gauge in feature.gauges if gauge.measure.quantity == quantity)
    return replace(feature, gauges=gauges, href=gauges[0].href) if gauges else None


def _paged(href: str, page: int) -> str:
    return href if page == 1 else with_query(href, **{PAGE: str(page)})
