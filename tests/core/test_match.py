"""What a filter means, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.match import masked, matches, permitted, selected
from talwerk.core.query import (
    OWN,
    And,
    Compare,
    Exists,
    Filter,
    Linked,
    Matches,
    Moment,
    Nothing,
    OfType,
    Operator,
    Or,
    Path,
    Query,
    Range,
)
from tests.contracts.cities import GAUGE, LAMP, LEVEL, NAME, NOON, PLACE, prop, scope

EQ, NE, GT, GE, LT, LE = Operator
ADDRESS = {"city": "Tal", "street": {"number": 7}, "tags": ["a", "b"], "none": None}
CITY = Entity(
    id="urn:e:1",
    types=(GAUGE,),
    attributes={
        LEVEL: (
            prop(126.5, NOON, unit="CMT", created=5, modified=6, subattributes={NAME: (prop("fine"), prop(2))}),
            prop(3, dataset="urn:d:1", created=7, modified=8),
        ),
        NAME: (prop("Tal"),),
        PLACE: (Attribute(kind=Kind.JSON_PROPERTY, value=ADDRESS),),
        "urn:a:on": (prop(True),),
        "urn:a:list": (prop([1, "x", None, [5], {"a": 1}]),),
        "urn:a:empty": (prop([]),),
        "urn:a:null": (prop(None),),
        "urn:a:when": (prop({"@type": "DateTime", "@value": "2026-03-01T13:00:00+01:00"}),),
        "urn:a:street": (
            Attribute(kind=Kind.LANGUAGE_PROPERTY, value={"fr": "Grand Place", "nl": ["Grote Markt", "Markt"]}),
        ),
        "urn:a:of": (Attribute(kind=Kind.RELATIONSHIP, value="urn:e:2", unit="x"),),
        "urn:a:json": (Attribute(kind=Kind.JSON_PROPERTY, value={"@value": 1}),),
    },
)


def compare(path: str | Path, operator: Operator, *operands: Any) -> Compare:
    return Compare(path if isinstance(path, Path) else Path(path), operator, operands)


CASES: list[tuple[Filter, bool]] = [
    (compare(LEVEL, EQ, 126.5), True),
    (compare(LEVEL, EQ, 3), True),
    (compare(LEVEL, EQ, 4), False),
    (compare(LEVEL, EQ, 4, 3), True),
    (compare(LEVEL, EQ, "3"), False),
    (compare(LEVEL, GT, 126), True),
    (compare(LEVEL, GT, 126.5), False),
    (compare(LEVEL, GE, 126.5), True),
    (compare(LEVEL, LT, 3), False),
    (compare(LEVEL, LE, 3), True),
    (compare(LEVEL, GT, "a"), False),
    (compare(LEVEL, EQ, Range(100, 200)), True),
    (compare(LEVEL, EQ, Range(4, 100)), False),
    (compare(LEVEL, EQ, Range(126.5, 126.5)), True),
    (compare(LEVEL, EQ, Range(200, 100)), False),
    (compare(LEVEL, EQ, Range("a", "z")), False),
    # != is true where something is there and none of it equals; what is of another kind is unequal.
    (compare(LEVEL, NE, 4), True),
    (compare(LEVEL, NE, 3), False),
    (compare(LEVEL, NE, 4, 126.5), False),
    (compare(LEVEL, NE, "a"), True),
    (compare(PLACE, NE, 1), True),
    (compare("urn:a:empty", NE, 1), False),
    (compare(Path(LEVEL, "observedAt"), NE, "a"), True),
    (compare(Path(LEVEL, "observedAt"), NE, Moment(NOON)), False),
    (compare(LEVEL, NE, Range(4, 100)), True),
    (compare(LEVEL, NE, Range(1, 4)), False),
    (compare("urn:a:none", NE, 1), False),
    # Kinds do not mix.
    (compare("urn:a:on", EQ, True), True),
    (compare("urn:a:on", EQ, 1), False),
    (compare("urn:a:on", NE, False), True),
    (compare("urn:a:on", GT, False), True),
    (compare(NAME, EQ, "Tal"), True),
    (compare(NAME, GT, "Ta"), True),
    (compare(NAME, LT, "Ta"), False),
    # Lists count element by element, one level deep.
    (compare("urn:a:list", EQ, 1), True),
    (compare("urn:a:list", EQ, "x"), True),
    (compare("urn:a:list", EQ, 5), False),
    (compare("urn:a:list", NE, 1), False),
    # Trails lead into objects.
    (compare(Path(PLACE, None, ("city",)), EQ, "Tal"), True),
    (compare(Path(PLACE, None, ("street", "number")), EQ, 7), True),
    (compare(Path(PLACE, None, ("tags",)), EQ, "b"), True),
    (compare(Path(PLACE, None, ("tags", "0")), EQ, "a"), False),
    (compare(Path(PLACE, None, ("city", "x")), EQ, "Tal"), False),
    (compare(PLACE, EQ, "Tal"), False),
    # Texts of every language, or of one.
    (compare("urn:a:street", EQ, "Grand Place"), True),
    (compare("urn:a:street", EQ, "Markt"), True),
    (compare("urn:a:street", NE, "Markt"), False),
    (compare("urn:a:street", NE, "Place"), True),
    (compare(Path("urn:a:street", None, ("*",)), EQ, "Grote Markt"), True),
    (compare(Path("urn:a:street", None, ("*",)), GT, "N"), False),
    (compare(Path("urn:a:street", None, ("nl",)), EQ, "Markt"), True),
    (compare(Path("urn:a:street", None, ("fr",)), EQ, "Markt"), False),
    (compare(Path("urn:a:street", None, ("fr",)), NE, "Markt"), True),
    (compare(Path(PLACE, None, ("*",)), EQ, "Tal"), False),
    (Exists(Path("urn:a:street", None, ("*",))), True),
    (Exists(Path("urn:a:street", None, ("de",))), False),
    (Matches(Path("urn:a:street"), "^Grote"), True),
    # Relationships are equal or not; they have no order and are no texts.
    (compare("urn:a:of", EQ, "urn:e:2"), True),
    (compare("urn:a:of", NE, "urn:e:3"), True),
    (compare("urn:a:of", GE, "urn:e:2"), False),
    (Matches(Path("urn:a:of"), "urn"), False),
    (Matches(Path("urn:a:of"), "x", negated=True), False),
    (Matches(Path("urn:a:of", "unitCode"), "x"), True),
    # Times: typed values, members, moments.
    (compare("urn:a:when", EQ, Moment(NOON)), True),
    (compare("urn:a:when", EQ, "2026-03-01T13:00:00+01:00"), True),
    (compare("urn:a:when", EQ, Range(Moment(NOON), Moment(NOON + 1))), True),
    (compare("urn:a:when", GT, Moment(NOON)), False),
    (compare("urn:a:json", EQ, 1), False),
    (compare(Path("urn:a:json", None, ("@value",)), EQ, 1), True),
    (compare(Path(LEVEL, "observedAt"), GE, Moment(NOON)), True),
    (compare(Path(LEVEL, "observedAt"), EQ, NOON), False),
    (compare(Path(LEVEL, "observedAt"), EQ, "2026-03-01T12:00:00Z"), False),
    (compare(Path(LEVEL, "createdAt"), EQ, Moment(7)), True),
    (compare(Path(LEVEL, "modifiedAt"), LT, Moment(6)), False),
    (compare(Path(LEVEL, "unitCode"), EQ, "CMT"), True),
    (compare(Path(LEVEL, "unitCode"), NE, "MTR"), True),
    (compare(Path(LEVEL, "datasetId"), EQ, "urn:d:1"), True),
    # Sub-attributes, several instances of them.
    (compare(Path(LEVEL, NAME), EQ, "fine"), True),
    (compare(Path(LEVEL, NAME), GT, 1), True),
    (compare(Path(NAME, NAME), EQ, "fine"), False),
    # Existence.
    (Exists(Path(LEVEL)), True),
    (Exists(Path("urn:a:none")), False),
    (Exists(Path("urn:a:null")), False),
    (Exists(Path("urn:a:empty")), False),
    (Exists(Path(PLACE)), True),
    (Exists(Path(PLACE, None, ("street",))), True),
    (Exists(Path(PLACE, None, ("none",))), False),
    (Exists(Path(PLACE, None, ("nowhere",))), False),
    (Exists(Path(LEVEL, "datasetId")), True),
    (Exists(Path(NAME, "observedAt")), False),
    (Exists(Path(NAME, "createdAt")), True),
    (Exists(Path(NAME, "createdAt", ("a",))), False),
    # Trees.
    (And(()), True),
    (Or(()), False),
    (And((Exists(Path(LEVEL)), Nothing())), False),
    (Or((Exists(Path(LEVEL)), Nothing())), True),
    (OfType((GAUGE, LAMP)), True),
    (OfType((LAMP,)), False),
    (OfType(()), False),
    (Nothing(), False),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_filter_means(number: int) -> None:
    condition, expected = CASES[number]
    assert matches(CITY, condition) is expected, condition


def test_selection_is_the_sum_of_its_parts() -> None:
    whole = Query(types=(LAMP, GAUGE), ids=("urn:e:1",), having=(LEVEL, "urn:a:none"), filter=Exists(Path(NAME)))
    assert selected(CITY, Query())
    assert selected(CITY, whole)
    for wrong in ({"types": (LAMP,)}, {"ids": ("urn:e:2",)}, {"having": ("urn:a:none",)}, {"filter": Nothing()}):
        assert not selected(CITY, replace(whole, **wrong))


def test_a_mask_makes_attributes_absent_but_not_for_the_predicate() -> None:
    assert masked(CITY, None) is CITY
    assert masked(CITY, CITY.attributes.keys()) is CITY
    assert masked(CITY, {NAME}).attributes == {NAME: CITY.attributes[NAME]}
    assert not matches(masked(CITY, {NAME}), Exists(Path(LEVEL)))
    assert permitted(CITY, scope(Exists(Path(LEVEL)), [NAME]))
    assert permitted(CITY, scope())
    assert not permitted(CITY, scope(Nothing()))


def _link(value: Any, kind: Kind = Kind.RELATIONSHIP, **more: Any) -> Attribute:
    return Attribute(kind=kind, value=value, **more)


LINKED = {
    one.id: one
    for one in (
        Entity(
            id="urn:e:lamp",
            types=(LAMP,),
            attributes={
                "urn:a:at": (_link(["urn:e:lost", 5, ["urn:e:1"]], subattributes={"urn:a:by": (_link("urn:e:1"),)}),),
                "urn:a:of": (_link("urn:e:lost"), _link("urn:e:1", dataset="urn:d:1")),
                "urn:a:on": (_link(["urn:e:lamp", "urn:e:1"], Kind.LIST_RELATIONSHIP),),
                "urn:a:text": (prop("urn:e:1"),),
            },
        ),
        replace(CITY, attributes=CITY.attributes | {"urn:a:back": (_link("urn:e:lamp"),)}),
    )
}


@pytest.mark.parametrize(
    "path, types, item, expected",
    [
        (Path("urn:a:of"), (), compare(LEVEL, EQ, 3), True),
        (Path("urn:a:of"), (LAMP, GAUGE), compare(LEVEL, EQ, 3), True),
        (Path("urn:a:of"), (LAMP,), compare(LEVEL, EQ, 3), False),
        (Path("urn:a:of"), (), compare(LEVEL, EQ, 4), False),
        (Path("urn:a:on"), (), compare(LEVEL, EQ, 3), True),
        (Path("urn:a:on"), (LAMP,), Linked(Path("urn:a:on"), (GAUGE,), Exists(Path(NAME))), True),
        (Path("urn:a:on"), (), Linked(Path("urn:a:back"), (), OfType((LAMP,))), True),
        # Neither does a list within a list point anywhere, nor a Property, nor a member, nor a part of the value.
        (Path("urn:a:at"), (), And(()), False),
        (Path("urn:a:text"), (), And(()), False),
        (Path("urn:a:of", "datasetId"), (), And(()), False),
        (Path("urn:a:of", None, ("a",)), (), And(()), False),
        (Path(OWN, "createdAt"), (), And(()), False),
        (Path("urn:a:at", "urn:a:by"), (), compare(LEVEL, EQ, 3), True),
        (Path("urn:a:none"), (), And(()), False),
    ],
)
def test_a_link_means(path: Path, types: tuple[str, ...], item: Filter, expected: bool) -> None:
    condition = Linked(path, types, item)
    lamp = LINKED["urn:e:lamp"]
    assert matches(lamp, condition, LINKED.get) is expected
    assert selected(lamp, Query(filter=Or((condition, Nothing()))), LINKED.get) is expected
    assert permitted(lamp, scope(condition), LINKED.get) is expected
    assert not matches(lamp, condition)
