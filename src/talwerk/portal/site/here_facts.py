"""The facts of one place: what applies, what is near, how it stands beside the city."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from talwerk.portal.here_views import NearLine, PlaceLine, PlaceView, Spot, StationLine
from talwerk.portal.place import Link
from talwerk.sdk.territory import Reach
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Dataset
from talwerk.services.places.everyday import EVERYDAY, nearest_of
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.territory import Area, Kind

from . import addresses
from .here_now import STATIONS, reach_line, station_line, warnings
from .here_places import Atlas
from .leaf import Places
from .scene import Place, Scene

FILLED_LEAST = 3
"""A quarter of which fewer values are known has no page of its own: its borough speaks for it."""


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
    """

    def __init__(self, gazetteer: Gazetteer, datasets: Catalogue) -> None:
        self._all_reaches = gazetteer.territory.reaches if gazetteer.territory is not None else ()
        self._datasets = datasets

    def of_part(self, area: Area, atlas: Atlas, scene: Scene) -> tuple[PlaceView, Places]:
        """The page of a quarter or a borough; of a quarter that is hardly known, that of its borough."""
        view, places = self._view(_spotted(area, atlas), atlas, scene)
        borough = atlas.borough_of(area) if area.kind is Kind.QUARTER else None
        if borough is None or view.filled >= FILLED_LEAST:
            return view, places
        view, places = self._view(_spotted(borough, atlas), atlas, scene)
        return replace(view, instead_of=area.part.name), places

    def of_house(
        self, line: PlaceLine, where: tuple[float, float], quarter: Area | None, atlas: Atlas, scene: Scene
    ) -> tuple[PlaceView, Places]:
        """The answer for an address."""
        keys = () if quarter is None else (quarter.part.key,)
        return self._view(Spotted(line, where, keys), atlas, scene)

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
        near, unknown = self._near(spot, scene, datasets)
        axis = scene.profile.axis
        view = PlaceView(
            line=spot.line,
            field=atlas.field(),
            trail=_trail(spot, scene),
            warnings=warnings(scene, datasets),
            axis=axis.phrase.get(scene.texts.language, axis.name) if axis is not None and self._all_reaches else "",
            reaches=tuple(reaches),
            stations=tuple(stations),
            near=near,
            unknown=unknown,
            parts=_parts(spot, atlas),
            here=scene.to.href(addresses.HERE, spot.area.part.key) if spot.area is not None else "",
        )
        return view, tuple(shown)

    def _reaches(self, quarters: Sequence[str]) -> tuple[Reach, ...]:
        wanted = set(quarters)
        return tuple(reach for reach in self._all_reaches if wanted & set(reach.quarters))

    def _near(
        self, spot: Spotted, scene: Scene, datasets: Sequence[Dataset]
    ) -> tuple[tuple[NearLine, ...], tuple[str, ...]]:
        """The nearest thing of each sort, and the sorts of which there is none; of a borough neither is told."""
        if spot.where is None or spot.line.spot is Spot.BOROUGH:
            return (), ()
        by_key = {one.key: one for one in datasets}
        near, unknown = [], []
        for sort in EVERYDAY:
            found = nearest_of(scene.broker, scene.scope, spot.where, sort)
            if found is None:
                unknown.append(sort.key)
                continue
            source = next((s.provenance.source for s in scene.broker.series(scene.scope, found.entity)), "")
            told = by_key.get(source)
            near.append(
                NearLine(
                    key=sort.key,
                    name=found.name,
                    distance_m=found.distance_m,
                    source=(told.attribution or told.title) if told is not None else source,
                    told_us=told.last if told is not None else None,
                )
            )
        return tuple(near), tuple(unknown)


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


def _parts(spot: Spotted, atlas: Atlas) -> tuple[Link, ...]:
    if spot.area is None or spot.area.kind is not Kind.BOROUGH:
        return ()
    return tuple(atlas.link(area) for area in atlas.quarters_of(spot.area))
