"""Searching addresses as people type them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError, Fault
from talwerk.sdk.territory import Layer, Part, Territory
from talwerk.services.places import House, Precision, Question, Register, Search, folded
from talwerk.services.places.register import houses_of
from talwerk.services.territory import Area, Areas, Kind, Origin
from talwerk.services.territory.layers import Feature

STREETS = (
    "Friedrich-Engels-Allee",
    "Neumarkt",
    "Neumarktstraße",
    "Kluser Brücke",
    "Straße des 17. Juni",
    "Sankt-Anna-Platz",
    "Große Flurstraße",
    "Große Hakenstraße",
    "Höhe",
    "Höhne",
    "Am Clef",
    "Kirchstraße",
    "Kirchhofstraße",
)


def house(street: str, number: int, suffix: str = "", postcode: str = "42100") -> House:
    return House(
        street=street,
        number=number,
        suffix=suffix,
        postcode=postcode,
        longitude=round(7.1 + number / 10_000, 7),
        latitude=round(51.2 + len(street) / 1_000, 7),
    )


HOUSES = [house(street, number) for street in STREETS for number in (1, 2, 4, 7, 8)] + [
    house("Neumarkt", 10, "b"),
    house("Neumarkt", 10, "a"),
    house("Neumarkt", 10),
    house("Höhe", 3, postcode="42200"),
]
SEARCH = Search(Register.build(HOUSES))


@pytest.mark.parametrize(
    "text, street, number",
    [
        ("Friedrich-Engels-Allee 7", "Friedrich-Engels-Allee", "7"),
        ("friedrich engels allee 7", "Friedrich-Engels-Allee", "7"),
        ("Friedrichengelsallee7", "Friedrich-Engels-Allee", None),
        ("Fridrich Engels Alee 7, Wuppertal", "Friedrich-Engels-Allee", "7"),
        ("Neumarkt 10 b, 42100 Wuppertal", "Neumarkt", "10b"),
        ("Neumarkt 10B", "Neumarkt", "10b"),
        ("Neumarktstr. 8", "Neumarktstraße", "8"),
        ("neumarktstrasse 8", "Neumarktstraße", "8"),
        ("Kluserbrucke 2", "Kluser Brücke", "2"),
        ("Kluserbruecke 2", "Kluser Brücke", "2"),
        ("KLUSER BRU\u0308CKE 2", "Kluser Brücke", "2"),
        ("Strasse des 17. Juni", "Straße des 17. Juni", None),
        ("Straße des 17. Juni 4", "Straße des 17. Juni", "4"),
        ("St. Anna Pl. 1", "Sankt-Anna-Platz", "1"),
        ("Grosse Flurstr 1-3", "Große Flurstraße", "1"),
        ("Grosse Flurstr 1 / 3", "Große Flurstraße", "1"),
        ("große haken", "Große Hakenstraße", None),
        ("Höhe 3", "Höhe", "3"),
        ("42200 Höhe 3", "Höhe", "3"),
        ("am clef 8", "Am Clef", "8"),
        ("Kirchstr 8", "Kirchstraße", "8"),
        ("Kichhofstr 8", "Kirchhofstraße", "8"),
    ],
)
def test_the_first_answer_is_the_one_that_was_meant(text: str, street: str, number: str | None) -> None:
    found = SEARCH.find(text)
    assert found, text
    assert found[0].house.street == street
    if number is not None:
        assert found[0].precision is Precision.HOUSE
        assert f"{found[0].house.number}{found[0].house.suffix}" == number


@pytest.mark.parametrize("text", ["", " ", "x", "Xylophonweg 3", "123", "!?", "%", "\0", "a" * 10_000])
def test_what_resembles_no_street_finds_nothing(text: str) -> None:
    assert SEARCH.find(text) == ()


def test_a_house_that_does_not_exist_leads_to_its_neighbour_on_the_same_side() -> None:
    found = SEARCH.find("Am Clef 6")[0]
    assert (found.precision, found.house.number) == (Precision.NEIGHBOUR, 4)


def test_a_street_without_a_number_leads_to_its_middle() -> None:
    found = SEARCH.find("Am Clef")[0]
    assert (found.precision, found.house.number, found.score) == (Precision.STREET, 4, 100.0)


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    for found in SEARCH.find(text, limit=3):
        assert found.house.street in STREETS


@given(wanted=st.sampled_from(HOUSES), upper=st.booleans(), spaced=st.booleans())
def test_every_house_is_found_by_its_own_address(wanted: House, *, upper: bool, spaced: bool) -> None:
    blank = " " if spaced and wanted.suffix else ""
    text = f"{wanted.street} {wanted.number}{blank}{wanted.suffix}, {wanted.postcode} Stadt"
    assert SEARCH.find(text.upper() if upper else text)[0].house == wanted


@given(st.sampled_from(STREETS), st.randoms())
def test_one_wrong_letter_is_forgiven_in_long_names(street: str, chance: random.Random) -> None:
    letters = list(street)
    if len(letters) < 10:
        return
    letters[chance.randrange(1, len(letters))] = chance.choice("aeimnrstu")
    assert street in {found.house.street for found in SEARCH.find("".join(letters))}


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = folded(text)
    # Parts of which nobody thinks as short forms may join to one: "S:T" is "st", and "st" is "sankt".
    assert folded(once) == once or any(c.isdigit() for c in text) or "str" in once or once in {"st", "pl"}


def test_a_text_is_taken_apart() -> None:
    assert Question.of("Neumarkt 10 b, 42103 Wuppertal") == Question(
        streets=("neumarkt", "neumarkt10b", "neumarkt10bwuppertal"), number=10, suffix="b", postcode="42103"
    )


def test_a_register_survives_its_file(tmp_path: Path) -> None:
    register = Register.build(HOUSES)
    register.save(tmp_path / "r")
    again = Register.open(tmp_path / "r")
    assert again == register
    every = [again.house(street, h) for street in range(len(again.streets)) for h in again.houses(street)]
    assert sorted(map(repr, every)) == sorted(map(repr, HOUSES))


def test_a_missing_and_a_damaged_register_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="talwerk profile update") as caught:
        Register.open(tmp_path / "r")
    assert caught.value.fault is Fault.NOT_FOUND
    (tmp_path / "r").write_bytes(b"\x81")
    with pytest.raises(DomainError, match="damaged"):
        Register.open(tmp_path / "r")


def test_official_points_become_houses_with_their_quarter() -> None:
    layer = Layer(
        key="addresses",
        address="https://files.example/a.json",
        names={"street": "STR", "number": "NR", "suffix": "ZUS", "postcode": "PLZ"},
    )

    def point(longitude: float, **properties: object) -> Feature:
        return Feature({"type": "Point", "coordinates": [longitude, 51.2]}, dict(properties))

    ring = [[7.1, 51.1], [7.2, 51.1], [7.2, 51.3], [7.1, 51.3], [7.1, 51.1]]
    areas = Areas(
        [
            Area(
                kind=Kind.QUARTER,
                part=Part(key="07", name="Mitte", borough="0"),
                geometry={"type": "Polygon", "coordinates": [ring]},
                origin=Origin.OFFICIAL,
            )
        ]
    )
    features = [
        point(7.15, STR="Am Clef", NR=12, ZUS="A", PLZ=42275),
        point(7.25, STR="Am Clef", NR="14", PLZ="42275"),
        point(7.15, STR="", NR="1"),
        point(7.15, STR="Am Clef", NR="ohne"),
    ]
    houses = houses_of(features, layer, areas)
    assert [(h.number, h.suffix, h.postcode, h.quarter) for h in houses] == [
        (12, "a", "42275", "07"),
        (14, "", "42275", ""),
    ]


def test_too_many_quarters_are_refused() -> None:
    houses = [
        House(street="A", number=n, suffix="", postcode="", longitude=0, latitude=0, quarter=str(n)) for n in range(300)
    ]
    with pytest.raises(DomainError, match="255 is the most"):
        Register.build(houses)


def test_the_territory_needs_no_addresses() -> None:
    assert Territory(bounds=(0.0, 0.0, 1.0, 1.0)).layers == ()
