"""The facts of one place: what applies, what is near, how it stands beside the city."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from talwerk.portal.frame.place import Link
from talwerk.portal.here.figures import Figures
from talwerk.portal.here.now import STATIONS, reach_line, station_line
from talwerk.portal.here.places import Atlas
from talwerk.portal.here.views import NearLine, PlaceLine, PlaceView, Spot, StationLine
from talwerk.portal.lage.warned import warned
from talwerk.portal.map.choice import CENTRE, ZOOM
from talwerk.portal.map.land import MAP
from talwerk.portal.site import addresses
from talwerk.portal.site.leaf import Places
from talwerk.portal.site.scene import Place, Scene
from talwerk.sdk.territory import Reach
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Dataset
from talwerk.services.indicators.evidence import ADDRESSES
from talwerk.services.places import Found
from talwerk.services.places.everyday import EVERYDAY, nearest_of
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.territory import Area, Kind
from talwerk.services.warnings import Warnings

FILLED_LEAST = 3
"""A quarter of which fewer values are known has no page of its own: its borough speaks for it."""

MAP_ZOOMS = {Kind.QUARTER: "14", Kind.BOROUGH: "13"}


@dataclass(frozen=True, slots=True)
class Spotted:
    """A place that a page speaks of.

    Attributes:
        line: where it is, in words.
        where: longitude and latitude, degrees (WGS 84); None where nobody stated one.
        quarters: keys of the quarters that it is in or consists of.
        area: the quarter or borough itself, None for an address.
    """

    line: PlaceLine
    where: tuple[float, float] | None
    quarters: tuple[str, ...]
    area: Area | None = None


class Facts:
    """Gathers what is known of places.

    Args:
        gazetteer: the city's places.
        datasets: which sources speak, and when they last did.
        figures: the indicators of quarters.
        warnings: official ones; they speak for the city as a whole, and so at each of its places.
    """

    def __init__(self, gazetteer: Gazetteer, datasets: Catalogue, figures: Figures, warnings: Warnings) -> None:
        self._all_reaches = gazetteer.territory.reaches if gazetteer.territory is not None else ()
        self._datasets = datasets
        self._figures = figures
        self._warnings = warnings

    def of_part(self, area: Area, atlas: Atlas, scene: Scene) -> tuple[PlaceView, Places]:
        """The page of a quarter or a borough; of a quarter that is hardly known, that of its borough."""
        view, places = self._view(_spotted(area, atlas), atlas, scene)
        borough = atlas.borough_of(area) if area.kind is Kind.QUARTER else None
        if borough is None or view.filled >= FILLED_LEAST:
            return view, places
        view, places = self._view(_spotted(borough, atlas), atlas, scene)
        return replace(view, instead_of=area.part.name), places

    def of_house(self, found: Found, asked: str, atlas: Atlas, scene: Scene) -> tuple[PlaceView, Places]:
        """The answer for an address.

        Args:
            found: the address.
            asked: the house number that was typed.
            atlas: the city's parts.
            scene: the city at one instant.
        """
        line, quarter = atlas.house(found, asked)
        keys = () if quarter is None else (quarter.part.key,)
        view, places = self._view(Spotted(line, (found.house.longitude, found.house.latitude), keys), atlas, scene)
        return replace(view, text=", ".join(part for part in (line.name, found.house.postcode) if part)), places

    def _view(self, spot: Spotted, atlas: Atlas, scene: Scene) -> tuple[PlaceView, Places]:
        datasets = self._datasets.datasets(scene.scope)
        shown: list[Place] = []
        reaches = []
        for reach in self._reaches(spot.quarters):
            told, places = reach_line(scene, reach)
            reaches.append(told)
            shown += places
        stations = []
        for station, places in _stations(spot, scene):
            stations.append(station)
            shown += places
        near, unknown, places = _near(spot, scene, datasets)
        shown += places
        axis = scene.profile.axis
        quarter = spot.quarters[0] if spot.line.spot is not Spot.BOROUGH and spot.quarters else ""
        address = next((one.last for one in datasets if one.key == ADDRESSES), None)
        view = PlaceView(
            line=spot.line,
            field=atlas.field(),
            trail=_trail(spot, scene),
            warned=warned(
                self._warnings, scene.scope, scene.now, scene.texts.locale, simulated=scene.register.simulated
            ),
            by_river=axis is not None and axis.kind == "river" and bool(self._all_reaches),
            reaches=tuple(reaches),
            stations=tuple(stations),
            near=near,
            unknown=unknown,
            figures=self._figures.of(quarter, {one.key: one.title for one in datasets}, scene),
            figures_us=address,
            parts=_parts(spot, atlas),
            sheet=scene.to.href(addresses.SHEET, *([spot.area.part.key] if spot.area is not None else [])),
            compare=scene.to.href(addresses.COMPARE, a=quarter) if quarter and atlas.compares else "",
            map_href=_map_href(spot, scene),
            entities=tuple(dict.fromkeys(place.series.entity for place in shown)),
            here=scene.to.href(addresses.HERE, spot.area.part.key) if spot.area is not None else "",
        )
        return view, tuple(shown)

    def _reaches(self, quarters: Sequence[str]) -> tuple[Reach, ...]:
        wanted = set(quarters)
        return tuple(reach for reach in self._all_reaches if wanted & set(reach.quarters))


def _near(
    spot: Spotted, scene: Scene, datasets: Sequence[Dataset]
) -> tuple[tuple[NearLine, ...], tuple[str, ...], Places]:
    """The nearest thing of each sort, the sorts of which there is none, and whose data say so; of a borough nothing."""
    if spot.where is None or spot.line.spot is Spot.BOROUGH:
        return (), (), ()
    by_key = {one.key: one for one in datasets}
    near, unknown, places = [], [], []
    for sort in EVERYDAY:
        found = nearest_of(scene.broker, scene.scope, spot.where, sort)
        if found is None:
            unknown.append(sort.key)
            continue
        series = next(iter(scene.broker.series(scene.scope, found.entity)), None)
        source = by_key.get(series.provenance.source) if series is not None else None
        near.append(
            NearLine(
                key=sort.key,
                name=found.name,
                distance_m=found.distance_m,
                source=scene.source_name(series) if series is not None else "",
                told_us=source.last if source is not None else None,
            )
        )
        if series is not None:
            places.append(Place(series, found.name))
    return tuple(near), tuple(unknown), tuple(places)


def _spotted(area: Area, atlas: Atlas) -> Spotted:
    quarters = (area,) if area.kind is Kind.QUARTER else atlas.quarters_of(area)
    return Spotted(atlas.part(area), area.part.centre, tuple(one.part.key for one in quarters), area)


def _stations(spot: Spotted, scene: Scene) -> Iterator[tuple[StationLine, tuple[Place, ...]]]:
    """The nearest stations, with the places of what they measure."""
    if spot.where is None:
        return
    for kind in STATIONS:
        station, places = station_line(scene, kind, spot.where)
        if station is not None:
            yield station, places


def _trail(spot: Spotted, scene: Scene) -> tuple[Link, ...]:
    start = Link(scene.texts.text("frame.nav_here"), scene.to.href(addresses.HERE))
    between = (spot.line.borough, spot.line.quarter)
    return (start, *(link for link in between if link is not None))


def _map_href(spot: Spotted, scene: Scene) -> str:
    """The map around a part of the city; an address never stands in a link."""
    if spot.area is None or spot.where is None or MAP not in scene.to:
        return ""
    longitude, latitude = spot.where
    return scene.to.href(MAP, **{CENTRE: f"{longitude:.4f},{latitude:.4f}", ZOOM: MAP_ZOOMS[spot.area.kind]})


def _parts(spot: Spotted, atlas: Atlas) -> tuple[Link, ...]:
    if spot.area is None or spot.area.kind is not Kind.BOROUGH:
        return ()
    return tuple(atlas.link(area) for area in atlas.quarters_of(spot.area))
