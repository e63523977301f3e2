"""Geometries: distances on the ellipsoid, rings as they come, rectangles that lose nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.geometry import box_of, distance_m, is_geometry, is_located, reach
from talwerk.core.query import Located, Relation

BOW: dict[str, Any] = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def near(reference: dict[str, Any], max_m: float | None = None, min_m: float | None = None) -> Located:
    return Located("urn:a:place", Relation.NEAR, json.dumps(reference), max_m=max_m, min_m=min_m)


def related(relation: Relation, value: Any, reference: Any) -> bool:
    return is_located(value, Located("urn:a:place", relation, json.dumps(reference)))


@pytest.mark.parametrize(
    "one, other, metres",
    [
        # Known lengths on WGS 84: a degree along the equator, the first and the last degree of a meridian.
        ((0, 0), (1, 0), 111_319.491),
        ((0, 0), (0, 1), 110_574.389),
        ((0, 89), (0, 90), 111_693.865),
        ((0, 0), (180, 0), 20_003_931.459),
    ],
)
def test_distances_are_those_of_the_ellipsoid(
    one: tuple[float, float], other: tuple[float, float], metres: float
) -> None:
    assert distance_m(one, other) == pytest.approx(metres, abs=0.001)
    assert is_located(point(*one), near(point(*other), max_m=metres + 0.01))
    assert not is_located(point(*one), near(point(*other), max_m=metres - 0.01))
    assert is_located(point(*one), near(point(*other), min_m=metres - 0.01))
    assert not is_located(point(*one), near(point(*other), min_m=metres + 0.01))


def test_a_ring_that_crosses_itself_encloses_what_it_goes_around_once() -> None:
    assert related(Relation.WITHIN, point(0.2, 1), BOW)
    assert related(Relation.WITHIN, point(1.8, 1), BOW)
    assert not related(Relation.INTERSECTS, point(1, 0.2), BOW)
    assert related(Relation.EQUALS, BOW, {"type": "Polygon", "coordinates": [BOW["coordinates"][0][:-1]]})


@pytest.mark.parametrize(
    "value",
    [None, "Point", {}, {"type": "Point"}, {"type": "Point", "coordinates": [1]}, point(181, 0), point(0, 91),
     {"type": "Point", "coordinates": [True, False]}, {"type": "Polygon", "coordinates": []},
     {"type": "Circle", "coordinates": [1, 2]}, {"type": "GeometryCollection", "geometries": [point(1, 1), 5]}],
)  # fmt: skip
def test_what_is_no_geometry_lies_nowhere(value: Any) -> None:
    assert not is_geometry(value)
    assert not any(related(relation, value, BOW) for relation in Relation)


numbers = st.floats(-180, 180)
places = st.tuples(numbers, st.floats(-90, 90)).map(list)
shapes = st.one_of(
    places.map(lambda c: {"type": "Point", "coordinates": c}),
    st.lists(places, min_size=1, max_size=5).map(lambda c: {"type": "LineString", "coordinates": c}),
    st.lists(st.lists(places, max_size=6), min_size=1, max_size=2).map(lambda c: {"type": "Polygon", "coordinates": c}),
).filter(is_geometry)


@pytest.mark.parametrize("length", [5e-324, 5.5e-181, 1e-160, 1e-13, 1e-12, 1e-9])
def test_a_line_may_be_as_short_as_numbers_are(length: float) -> None:
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [0.0, length]]}
    for reference, value in ((line, point(0, 0)), (point(0, 0), line), (line, line)):
        assert is_located(value, near(reference, max_m=1))
        assert not is_located(value, near(reference, min_m=1))
    assert not is_located(point(0, 1), near(line, max_m=1_000))


@given(shapes, shapes, st.sampled_from(Relation), st.floats(0, 3e7))
def test_nothing_outside_of_the_reach_is_found(value: Any, reference: Any, relation: Relation, max_m: float) -> None:
    condition = Located("urn:a:place", relation, json.dumps(reference), max_m=max_m)
    found, around, box = is_located(value, condition), reach(condition), box_of(value)
    assert box is not None
    if found and around is not None:
        assert box.west <= around.east
        assert box.east >= around.west
        assert box.south <= around.north
        assert box.north >= around.south


def test_the_reach_of_a_distance() -> None:
    around = reach(near(point(7, 51), max_m=1_000))
    assert around is not None
    assert 0.008 < around.north - 51 < 0.0095
    assert math.isclose((around.east - 7) * math.cos(math.radians(51)), around.north - 51, rel_tol=0.02)
    across = reach(near(point(179.999, 0), max_m=1_000))
    assert across is not None
    assert across.west == pytest.approx(-180)
    assert across.east == pytest.approx(180)
    assert reach(near(point(7, 51), min_m=5)) is None
    assert reach(Located("urn:a:place", Relation.DISJOINT, json.dumps(BOW))) is None
