"""The small map: everything within its frame, no name on another, marks that stand apart or say how many they are."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from talwerk.portal.drawing.city_map import (
    NARROW,
    WIDE,
    Area,
    CityMapView,
    Land,
    Mark,
    Spot,
    draw_ground,
    draw_map,
    telling,
)
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import State
from talwerk.portal.frame.views import Gauge, Measure, Reading
from talwerk.texts import catalogue

NOW_US = 1_800_000_000_000_000
P = Phrasebook(catalogue("de"), "Europe/Berlin")
BOUNDS = (7.0, 51.1, 7.3, 51.3)
inside = st.tuples(st.floats(7.0, 7.3), st.floats(51.1, 51.3))


def gauge(value: float | None = 100.0, levels: tuple[float, ...] = (120, 200, 250), age_s: int = 60) -> Gauge:
    latest = None if value is None else Reading(NOW_US - age_s * 1_000_000, value)
    return Gauge("Brücke", "/de/messstelle/bruecke", Measure("Wasserstand", "cm"), latest, levels, stale_after_s=3_600)


def view(spots: list[Spot], areas: tuple[Area, ...] = (), map_href: str = "/de/karte") -> CityMapView:
    land = Land(BOUNDS, areas, official=False, course=((7.05, 51.2), (7.15, 51.22), (7.25, 51.18)))
    grounds = tuple(draw_ground(land, canvas) for canvas in (WIDE, NARROW))
    return CityMapView(grounds, tuple(spots), 0, "/de/messstellen", map_href)


@given(st.lists(inside, min_size=1, max_size=30))
def test_marks_lie_within_and_apart_and_stand_for_every_place(places: list[tuple[float, float]]) -> None:
    spots = [Spot(f"Ort {n}", at, (gauge(),)) for n, at in enumerate(places)]
    for drawing in draw_map(view(spots), NOW_US, P).drawings:
        canvas = drawing.ground.canvas
        assert sum(mark.count for mark in drawing.marks) == len(spots)
        for mark in drawing.marks:
            assert 0 < mark.x < canvas.width
            assert 0 < mark.y < drawing.ground.height
        for one, other in itertools.combinations(drawing.marks, 2):
            assert (one.x - other.x) ** 2 + (one.y - other.y) ** 2 >= (2 * canvas.mark) ** 2


@given(st.lists(inside, max_size=20), st.lists(inside, max_size=20))
def test_names_lie_on_nothing(places: list[tuple[float, float]], centres: list[tuple[float, float]]) -> None:
    areas = tuple(Area(f"Stadtteil {n}", (), at) for n, at in enumerate(centres))
    drawing = draw_map(view([Spot("Ort", at, (gauge(),)) for at in places], areas), NOW_US, P).drawings[0]
    boxes = [
        (label.x - 3.9 * len(label.text), label.y - 13, label.x + 3.9 * len(label.text), label.y + 4)
        for label in drawing.labels
    ]
    marks = [(mark.x - 9, mark.y - 9, mark.x + 9, mark.y + 9) for mark in drawing.marks]
    for one, other in itertools.chain(itertools.combinations(boxes, 2), itertools.product(boxes, marks)):
        assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_a_mark_says_name_value_and_state() -> None:
    drawing = draw_map(view([Spot("Brücke", (7.1, 51.2), (gauge(210.0),))]), NOW_US, P)
    mark = drawing.drawings[0].marks[0]
    assert mark.label.replace("\u00a0", " ") == "Brücke: Wasserstand 210 cm, Informationsstufe 2"
    assert (mark.state, mark.href) == (State.STAGE_2, "/de/messstelle/bruecke")
    assert drawing.states == (State.STAGE_2,)


def test_silence_says_since_when() -> None:
    drawing = draw_map(view([Spot("Brücke", (7.1, 51.2), (gauge(age_s=7_200),))]), NOW_US, P)
    assert drawing.drawings[0].marks[0].label.endswith(", schweigt seit 2 Stunden")


def test_places_on_one_another_are_one_mark_of_the_gravest_state() -> None:
    here = (7.1, 51.2)
    spots = [Spot("A", here, (gauge(),)), Spot("B", here, (gauge(260.0),)), Spot("C", here, (gauge(None),))]
    drawn = draw_map(view(spots), NOW_US, P)
    mark = drawn.drawings[0].marks[0]
    assert isinstance(mark, Mark)
    assert (mark.count, mark.state, mark.label) == (3, State.STAGE_3, "3 Messstellen: A, B, C; Informationsstufe 3")
    assert mark.href == "/de/karte?mitte=7.1000,51.2000&zoom=14"
    assert drawn.several
    alone = draw_map(view(spots, map_href=""), NOW_US, P)
    assert alone.drawings[0].marks[0].href == "/de/messstellen"


def test_a_value_speaks_before_silence() -> None:
    assert telling((gauge(age_s=7_200), gauge(50.0, ())), NOW_US)[0] is State.UNSTAGED


def test_the_ground_is_drawn_in_attributes_of_bounded_size() -> None:
    ring = tuple((7.1 + n / 100_000, 51.2 + (n % 7) / 100_000) for n in range(10_000))
    ground = draw_ground(Land(BOUNDS, (Area("Bezirk", (ring,)),), official=True), WIDE)
    assert re.fullmatch(r"M[\d. L]+Z", ground.areas[0])
    assert len(ground.areas[0]) < 8_000
    assert ground.course == ""
