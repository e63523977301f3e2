"""The small map of the city: parts, axis and measuring points as inline SVG, in attributes alone.

The ground changes only when somebody loads boundaries, so it is drawn once and kept; the points are drawn each time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from talwerk.portal.frame.coordinate import coordinate
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import State, gauge_state
from talwerk.portal.frame.views import Gauge

Position = tuple[float, float]
"""Longitude and latitude, degrees (WGS 84)."""
Place = tuple[float, float]
"""Across and down on the drawing."""

ORDER = (
    State.STAGE_3,
    State.STAGE_2,
    State.STAGE_1,
    State.NORMAL,
    State.UNSTAGED,
    State.FAILED,
    State.SILENT,
    State.EMPTY,
)
"""Of several values at one place the first of these speaks for it."""
NAMED_MAX = 3
"""A mark for several places names so many of them."""
_DETAIL = 1.2
"""Corners of a boundary that lie closer than this on the drawing are one."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the city.

    Attributes:
        name: What people call it.
        rings: Its boundary, outer rings and holes alike.
        centre: Where its name may stand, or None.
    """

    name: str
    rings: tuple[tuple[Position, ...], ...]
    centre: Position | None = None


@dataclass(frozen=True, slots=True)
class Land:
    """What lies under the points.

    Attributes:
        bounds: West, south, east and north of the city, degrees.
        areas: Its parts.
        official: Whether the boundaries are the city's own; others are drawn as approximate.
        course: The axis from its beginning to its end; fewer than two positions are no line.
        is_water: Whether the axis is a river or a coast.
    """

    bounds: tuple[float, float, float, float]
    areas: tuple[Area, ...]
    official: bool
    course: tuple[Position, ...] = ()
    is_water: bool = True


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where something is measured, with all that is measured there, most telling first."""

    name: str
    position: Position
    gauges: tuple[Gauge, ...]


@dataclass(frozen=True, slots=True)
class CityMapView:
    """The map of the start page.

    Attributes:
        grounds: The ground, drawn wide and narrow.
        spots: Measuring points that lie in the city.
        elsewhere: How many measuring points the map does not show.
        list_href: The same as words: the list of measuring points.
        map_href: The large map, or empty.
    """

    grounds: tuple[Ground, ...]
    spots: tuple[Spot, ...]
    elsewhere: int
    list_href: str
    map_href: str = ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A size of the drawing.

    Attributes:
        name: Of the class that shows it.
        width: In pixels; the height follows from the city.
        edge: Room around the city.
        mark: Half the width of a mark.
        labels: Whether the parts of the city are named.
    """

    name: str
    width: int
    edge: int
    mark: float
    labels: bool


WIDE = Canvas("wide", 720, 16, 9.0, labels=True)
NARROW = Canvas("narrow", 330, 12, 8.0, labels=False)
HEIGHT_MAX = 1.1
"""A city that is much higher than wide is drawn no higher than this part of the width."""


@dataclass(frozen=True, slots=True)
class Projection:
    """From degrees to the drawing; true to angles at the middle of the city."""

    west: float
    north: float
    across: float
    down: float
    left: float
    top: float

    def place(self, position: Position) -> Place:
        """Where a position stands."""
        return (
            self.left + (position[0] - self.west) * self.across,
            self.top + (self.north - position[1]) * self.down,
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """The drawn ground.

    Attributes:
        canvas: The size it is drawn for.
        height: Of the drawing.
        projection: From degrees to the drawing.
        bounds: West, south, east and north of the city, degrees.
        areas: Path data of the parts.
        official: Whether the boundaries are the city's own.
        course: Path data of the axis, or empty.
        is_water: Whether the axis is a river or a coast.
        names: Names of the parts and where they may stand.
    """

    canvas: Canvas
    height: int
    projection: Projection
    bounds: tuple[float, float, float, float]
    areas: tuple[str, ...]
    official: bool
    course: str
    is_water: bool
    names: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A measuring point on the drawing, or several that stand too close together.

    Attributes:
        x: Across.
        y: Down.
        state: The most telling of their states.
        href: Where it leads.
        label: What it says to those who do not see it.
        count: How many places it stands for.
    """

    x: float
    y: float
    state: State
    href: str
    label: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a part of the city and where it stands."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """One map: the ground, the marks in the order of reading, and the names that find room between them."""

    ground: Ground
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """The map in all its sizes.

    Attributes:
        drawings: Wide and narrow.
        states: The states that the legend explains.
        several: Whether a mark stands for several places.
    """

    drawings: tuple[Drawing, ...]
    states: tuple[State, ...]
    several: bool


def draw_ground(land: Land, canvas: Canvas) -> Ground:
    """Draw what lies under the points."""
    west, south, east, north = land.bounds
    inner = canvas.width - 2 * canvas.edge
    squeeze = math.cos(math.radians((south + north) / 2))
    down = min(inner / ((east - west) * squeeze), inner * HEIGHT_MAX / (north - south))
    across = down * squeeze
    projection = Projection(west, north, across, down, (canvas.width - (east - west) * across) / 2, float(canvas.edge))
    return Ground(
        canvas=canvas,
        height=math.ceil((north - south) * down) + 2 * canvas.edge,
        projection=projection,
        bounds=land.bounds,
        areas=tuple("".join(_ring(ring, projection) for ring in area.rings) for area in land.areas),
        official=land.official,
        course=_smooth([projection.place(position) for position in land.course]),
        is_water=land.is_water,
        names=tuple((area.name, projection.place(area.centre)) for area in land.areas if area.centre),
    )


def draw_map(view: CityMapView, now_us: int, p: Phrasebook) -> MapDrawing:
    """Draw the measuring points on their ground.

    Args:
        view: Ground and points.
        now_us: Instant for which the map is true.
        p: Language and zone.
    """
    drawings = tuple(_drawing(ground, view, now_us, p) for ground in view.grounds)
    shown = {mark.state for drawing in drawings for mark in drawing.marks}
    several = any(mark.count > 1 for drawing in drawings for mark in drawing.marks)
    return MapDrawing(drawings, tuple(state for state in ORDER if state in shown), several)


def telling(gauges: Sequence[Gauge], now_us: int) -> tuple[State, Gauge]:
    """The state that speaks for a place with several values, and the value that it is of.

    Raises:
        ValueError: There is no value.
    """
    found = [(gauge_state(gauge, now_us), gauge) for gauge in gauges]
    return min(found, key=lambda pair: ORDER.index(pair[0]))


def said(name: str, gauges: Sequence[Gauge], now_us: int, p: Phrasebook) -> str:
    """A place in words: its name, the value that speaks for it, and its state."""
    state, gauge = telling(gauges, now_us)
    word = p.text(f"state.{state.value}")
    if gauge.latest is None:
        return p.text("map.said_empty", name=name, quantity=gauge.measure.quantity, state=word)
    if state is State.SILENT:
        word = p.silence(gauge.latest.at_us, now_us)
    value = p.amount(gauge.latest.value, gauge.measure)
    return p.text("map.said", name=name, quantity=gauge.measure.quantity, value=value, state=word)


def _drawing(ground: Ground, view: CityMapView, now_us: int, p: Phrasebook) -> Drawing:
    marks = tuple(_mark(group, ground, view, now_us, p) for group in _groups(view.spots, ground))
    return Drawing(ground, marks, _labels(ground, marks))


def _groups(spots: Sequence[Spot], ground: Ground) -> list[list[Spot]]:
    """The spots, those together that would hide each other; the first of a group says where it stands."""
    groups: list[tuple[Place, list[Spot]]] = []
    distance = 2.4 * ground.canvas.mark
    for spot in spots:
        place = ground.projection.place(spot.position)
        for taken, group in groups:
            if math.dist(place, taken) < distance:
                group.append(spot)
                break
        else:
            groups.append((place, [spot]))
    return [group for _, group in groups]


def _mark(group: Sequence[Spot], ground: Ground, view: CityMapView, now_us: int, p: Phrasebook) -> Mark:
    x, y = ground.projection.place(group[0].position)
    state, gauge = telling([gauge for spot in group for gauge in spot.gauges], now_us)
    if len(group) == 1:
        return Mark(x, y, state, gauge.href, said(group[0].name, group[0].gauges, now_us, p))
    names = ", ".join(spot.name for spot in group[:NAMED_MAX])
    if len(group) > NAMED_MAX:
        names = p.count("map.several_more", len(group) - NAMED_MAX, names=names)
    label = p.text("map.several", count=len(group), names=names, state=p.text(f"state.{state.value}"))
    return Mark(x, y, state, _closer(view, group[0].position), label, len(group))


def _closer(view: CityMapView, position: Position) -> str:
    """The large map where the places stand apart; without one, the list."""
    if not view.map_href:
        return view.list_href
    return f"{view.map_href}?mitte={position[0]:.4f},{position[1]:.4f}&zoom=14"


def _labels(ground: Ground, marks: Sequence[Mark]) -> tuple[Label, ...]:
    """The names that find room; one that would lie on another or on a mark is left out."""
    if not ground.canvas.labels:
        return ()
    size = ground.canvas.mark
    taken = [(mark.x - size, mark.y - size, mark.x + size, mark.y + size) for mark in marks]
    placed = []
    for text, (x, y) in ground.names:
        half = 3.9 * len(text)
        for shift in (0.0, 16.0, -16.0, 30.0, -30.0):
            box = (x - half, y + shift - 13, x + half, y + shift + 4)
            inside = box[0] >= 0 and box[2] <= ground.canvas.width and box[1] >= 0 and box[3] <= ground.height
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                placed.append(Label(text, x, y + shift))
                break
    return tuple(placed)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _ring(ring: Sequence[Position], projection: Projection) -> str:
    """Path data of a closed ring, without corners that nobody could tell apart."""
    kept: list[Place] = []
    for position in ring:
        place = projection.place(position)
        if not kept or math.dist(place, kept[-1]) >= _DETAIL:
            kept.append(place)
    if len(kept) < 3:
        return ""
    return "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in kept) + "Z"


def _smooth(places: Sequence[Place]) -> str:
    """Path data of a smooth line through all places, empty for fewer than two."""
    if len(places) < 2:
        return ""
    return f"M{_xy(places[0])}" + "".join(_pieces(places))


def _pieces(places: Sequence[Place]) -> Iterator[str]:
    """One curve from each place to the next; its slope at a place is that between both neighbours."""
    padded = [places[0], *places, places[-1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        yield f"C{_xy(first)} {_xy(second)} {_xy(end)}"


def _xy(place: Place) -> str:
    return f"{coordinate(place[0])} {coordinate(place[1])}"
