"""What a text may mean: a quarter, a borough, a street; and what lies near."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talwerk import cities
from talwerk.core.query import Compare, Operator
from talwerk.core.query import Path as Member
from talwerk.core.terms import expand
from talwerk.services.places import FILE, House, Precision, Register
from talwerk.services.places.asking import Answer, answer, knows_streets
from talwerk.services.places.everyday import EVERYDAY, nearest_of
from talwerk.services.places.nearby import around, nearest
from talwerk.services.places.parts import Named, find_parts
from talwerk.services.places.search import Found
from talwerk.services.places.whereabouts import Gazetteer
from tests.services.indicators.workbench import CENTRE, bench

STREETS = ("Höhe", "Kirchstraße", "Kirchweg", "Friedrich-Engels-Allee")


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("territory")
    houses = [
        House(street=street, number=n, suffix="", postcode="42103", longitude=7.15, latitude=51.25)
        for street in STREETS
        for n in range(1, 9)
    ]
    Register.build(houses).save(folder / FILE)
    return Gazetteer(cities.territory("wuppertal"), folder)


def meant(found: Answer) -> str:
    """The one place that is meant, as kind and name; empty for none or several."""
    match found.meant:
        case Named(area=area):
            return f"{area.kind} {area.part.name}"
        case Found(house=house, precision=precision):
            return f"{precision} {house.street}"
    return ""


@pytest.mark.parametrize(
    "text, place",
    [
        ("Sonnborn", "quarter Sonnborn"),
        ("sonborn", "quarter Sonnborn"),
        ("Elberfeld", "borough Elberfeld"),
        ("Elberfeld Mitte", "quarter Elberfeld-Mitte"),
        ("ronsdorf mitte nord", "quarter Ronsdorf-Mitte/Nord"),
        ("Uellendahl Katernberg", "borough Uellendahl-Katernberg"),
        ("Kirchstr 3", "house Kirchstraße"),
        ("Kirchweg", "street Kirchweg"),
        ("Höhe 3", "house Höhe"),
        ("Friedrich-Engels-Allee 99", "neighbour Friedrich-Engels-Allee"),
        # A quarter and a street of one name, several beginnings, nothing at all.
        ("Höhe", ""),
        ("Kirch", ""),
        ("Xylophonallee", ""),
        ("", ""),
    ],
)
def test_one_place_is_meant_or_none(gazetteer: Gazetteer, text: str, place: str) -> None:
    assert meant(answer(gazetteer, text)) == place


def test_a_street_is_meant_where_somebody_says_so(gazetteer: Gazetteer) -> None:
    both = answer(gazetteer, "Höhe")
    assert [one.area.part.name for one in both.parts][:1] == ["Höhe"]
    assert [one.house.street for one in both.houses][:1] == ["Höhe"]
    assert meant(answer(gazetteer, "Höhe", streets_only=True)) == "street Höhe"


def test_parts_are_found_without_any_street(tmp_path: Path) -> None:
    bare = Gazetteer(cities.territory("wuppertal"), tmp_path)
    assert not knows_streets(bare)
    assert meant(answer(bare, "Vohwinkel")) == "borough Vohwinkel"
    assert answer(bare, "Kirchstraße 3").houses == ()


def test_streets_appear_while_the_city_runs(tmp_path: Path) -> None:
    gazetteer = Gazetteer(cities.territory("wuppertal"), tmp_path)
    assert not knows_streets(gazetteer)
    Register.build([House(street="Neu", number=1, suffix="", postcode="", longitude=7.15, latitude=51.25)]).save(
        tmp_path / FILE
    )
    assert knows_streets(gazetteer)


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_has_an_answer(gazetteer: Gazetteer, text: str) -> None:
    found = answer(gazetteer, text, 4)
    assert len(found.parts) <= 4
    assert len(found.houses) <= 4
    every: tuple[Named | Found, ...] = (*found.parts, *found.houses)
    assert all(0 <= one.score <= 100 for one in every)
    assert found.meant is None or found.meant in every


def test_every_part_is_found_by_its_name(gazetteer: Gazetteer) -> None:
    areas = gazetteer.areas()
    territory = gazetteer.territory
    assert territory is not None
    for part in (*territory.boroughs, *territory.quarters):
        best = [one.area.part.key for one in find_parts(areas, part.name) if one.score == 100]
        assert part.key in best, part.name


async def test_the_nearest_of_a_sort_states_its_category(tmp_path: Path) -> None:
    """Of points of interest only those of the sort, and of two ways of telling it the nearer one."""
    by_key = {sort.key: sort for sort in EVERYDAY}
    async with bench(tmp_path) as city:
        scope, broker = city.city.system_scope("test"), city.city.broker
        x, y = CENTRE
        await city.place("PointOfInterest", [(x, y)], category="museum")
        await city.place("PointOfInterest", [(x + 0.004, y)], category="drinkingFountain")
        assert nearest_of(broker, scope, CENTRE, by_key["carsharing"]) is None
        found = nearest_of(broker, scope, CENTRE, by_key["fountain"])
        assert found is not None
        assert 270 < found.distance_m < 290
        await city.place("DrinkingWaterFountain", [(x + 0.002, y)])
        found = nearest_of(broker, scope, CENTRE, by_key["fountain"])
        assert found is not None
        assert found.type == expand("DrinkingWaterFountain")
        museum = Compare(Member(expand("category")), Operator.EQUAL, ("museum",))
        assert nearest(broker, scope, CENTRE, expand("PointOfInterest"), museum) is not None


async def test_things_around_come_in_the_order_of_their_distance(tmp_path: Path) -> None:
    async with bench(tmp_path) as city:
        scope, broker = city.city.system_scope("test"), city.city.broker
        x, y = CENTRE
        await city.place("School", [(x + 0.03, y), (x + 0.01, y), (x + 0.02, y)])
        found = around(broker, scope, CENTRE, expand("School"), rings_m=(100.0, 5_000.0))
        assert [round(one.distance_m, -2) for one in found] == [700, 1_400, 2_100]
        assert around(broker, scope, CENTRE, expand("School"), rings_m=(100.0,)) == ()


def test_precision_tells_what_was_not_there(gazetteer: Gazetteer) -> None:
    found = answer(gazetteer, "Kirchweg 77").meant
    assert isinstance(found, Found)
    assert found.precision is Precision.NEIGHBOUR
