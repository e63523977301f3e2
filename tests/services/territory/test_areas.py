"""Boroughs and quarters: generated cells as long as nothing better is there, official boundaries afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, shape

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.sdk.territory import Layer, Part, Territory
from talwerk.services.territory import Areas, Kind, Origin
from talwerk.services.territory.cells import cells

SQUARES = {"01": (0.0, 0.0), "02": (0.1, 0.0), "11": (0.0, 0.1)}
LAYER = Layer(key="quarters", address="https://files.example/q.json", names={"key": "NR", "name": "NAME"})
TERRITORY = Territory(
    bounds=(0.0, 0.0, 0.3, 0.3),
    boroughs=(Part(key="0", name="Süd"), Part(key="1", name="Nord")),
    quarters=tuple(
        Part(key=key, name=f"Quartier {key}", borough=key[0], centre=(west + 0.05, south + 0.05), unconfirmed=("key",))
        for key, (west, south) in SQUARES.items()
    ),
    layers=(LAYER,),
)


def square(west: float, south: float, size: float = 0.1) -> dict[str, Any]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def official(folder: Path, features: list[dict[str, Any]], name: str = "quarters") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def squares() -> list[dict[str, Any]]:
    return [feature(square(*corner), NR=key, NAME=f"Amtlich {key}") for key, corner in SQUARES.items()]


def test_the_first_city_has_its_ten_boroughs_and_sixty_nine_quarters(tmp_path: Path) -> None:
    territory = cities.territory("wuppertal")
    assert territory is not None
    areas = Areas.load(territory, tmp_path)
    assert [len(areas.of(kind)) for kind in (Kind.BOROUGH, Kind.QUARTER)] == [10, 69]
    drawn = [shape(area.geometry) for area in areas.of(Kind.QUARTER)]
    assert all(area.origin is Origin.GENERATED for area in areas.of(Kind.QUARTER))
    assert all(cell.is_valid and not cell.is_empty for cell in drawn)
    assert sum(cell.area for cell in drawn) == pytest.approx(
        sum(shape(a.geometry).area for a in areas.of(Kind.BOROUGH)), rel=1e-3
    )


@pytest.mark.parametrize("key", cities.available())
def test_every_city_says_how_its_people_were_counted(key: str) -> None:
    territory = cities.territory(key)
    assert territory is not None
    assert territory.populations
    assert len({(figure.method, figure.date) for figure in territory.populations}) == len(territory.populations)


places = st.tuples(st.integers(1, 299), st.integers(1, 299)).map(lambda p: (p[0] / 1000, p[1] / 1000))


@given(st.lists(places, min_size=3, max_size=40, unique=True))
def test_each_cell_holds_its_own_centre_and_no_two_overlap(centres: list[tuple[float, float]]) -> None:
    drawn = cells({str(n): centre for n, centre in enumerate(centres)}, TERRITORY.bounds)
    shapes = [shape(drawn[str(n)]) for n in range(len(centres))]
    assert all(cell.buffer(2e-5).contains(Point(centre)) for cell, centre in zip(shapes, centres, strict=True))
    whole = shape(drawn["0"])
    for cell in shapes[1:]:
        assert whole.intersection(cell).area < 1e-7
        whole = whole.union(cell)


def test_a_place_is_given_to_the_nearest_centre_and_says_that_this_is_a_guess(tmp_path: Path) -> None:
    found = Areas.load(TERRITORY, tmp_path).locate(0.12, 0.03)
    assert found is not None
    assert (found.part.key, found.origin) == ("02", Origin.GENERATED)


def test_official_boundaries_replace_the_cells(tmp_path: Path) -> None:
    areas = Areas.load(TERRITORY, official(tmp_path, squares()))
    found = areas.locate(0.19, 0.01)
    assert found is not None
    assert (found.part.name, found.origin, found.part.unconfirmed) == ("Amtlich 02", Origin.OFFICIAL, ())
    assert areas.locate(0.25, 0.25) is None, "outside of all quarters"
    north = areas.area(Kind.BOROUGH, "1")
    assert north is not None
    assert north.origin is Origin.OFFICIAL
    assert shape(north.geometry).equals(shape(square(0.0, 0.1)))


def test_a_place_on_a_boundary_lies_in_the_lower_key_always(tmp_path: Path) -> None:
    areas = Areas.load(TERRITORY, official(tmp_path, squares()[::-1]))
    assert areas.locate(0.1, 0.05) == areas.area(Kind.QUARTER, "01")


def test_a_quarter_that_the_file_lacks_stays_without_a_boundary(tmp_path: Path) -> None:
    areas = Areas.load(TERRITORY, official(tmp_path, squares()[:2]))
    left = areas.area(Kind.QUARTER, "11")
    assert left is not None
    assert (left.geometry, left.origin) == (None, Origin.NONE)
    north = areas.area(Kind.BOROUGH, "1")
    assert north is not None
    assert north.origin is Origin.NONE


@pytest.mark.parametrize(
    "features, reason",
    [
        ([], "holds no features"),
        ([feature(None, NR="01")], "Feature 1 .* has no geometry"),
        (
            [feature({"type": "Point", "coordinates": [374000.0, 5679000.0]}, NR="01")],
            "has no geometry|outside of the city",
        ),
        ([feature(square(9.0, 50.0), NR="01")], "outside of the city"),
        ([feature(square(0.0, 0.0))], "has no key"),
        ([*squares(), squares()[0]], "holds '01' twice"),
    ],
)
def test_a_file_that_does_not_fit_the_city_is_refused(
    features: list[dict[str, Any]], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(DomainError, match=reason):
        Areas.load(TERRITORY, official(tmp_path, features))


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quarters.geojson").write_text("<html>")
    with pytest.raises(DomainError, match="is no GeoJSON"):
        Areas.load(TERRITORY, tmp_path)


def test_places_are_located_all_at_once_and_none_of_none(tmp_path: Path) -> None:
    areas = Areas.load(TERRITORY, official(tmp_path, squares()))
    assert areas.locate_all([(0.05, 0.05), (0.05, 0.15), (0.25, 0.25)]) == ["01", "11", ""]
    assert areas.locate_all([]) == []
