from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.sdk.pointers import Spot, seen_from, spots
from tests.connectors.answers import json_values

STATIONS = {
    "stations": [{"name": "A", "series": [{"v": 1}, {"v": 2}]}, {"name": "B"}, {"name": "C", "series": []}],
    "a/b": 3,
}


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("", [STATIONS]),
        ("/stations/*/series/*/v", [1, 2]),
        ("/stations/0/name", ["A"]),
        ("/stations/*/name", ["A", "B", "C"]),
        ("/a~1b", [3]),
        ("/nothing", []),
        ("/stations/9", []),
        ("/stations/-1", []),
        ("/a~1b/deeper", []),
    ],
)
def test_places_come_in_the_order_of_the_document(pattern: str, found: list[Any]) -> None:
    assert [spot.value for spot in spots(STATIONS, pattern)] == found


@pytest.mark.parametrize(
    "pointer, found",
    [("/v", 1), ("2/name", "A"), ("1/1/v", 2), ("4/a~1b", 3), ("9/v", None), ("/x", None), ("/*", None)],
)
def test_a_pointer_may_go_upwards(pointer: str, found: Any) -> None:
    spot = next(spots(STATIONS, "/stations/*/series/*"))
    assert seen_from(spot, pointer) == found


@given(json_values, st.text(alphabet="/*~01ab9", max_size=12))
def test_nothing_is_too_strange(document: Any, text: str) -> None:
    for spot in spots(document, f"/{text}"):
        assert spot.around
    seen_from(Spot(document), text)


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=6))
def test_every_member_has_a_pointer(members: dict[str, int]) -> None:
    for name, value in members.items():
        path = "/" + name.replace("~", "~0").replace("/", "~1")
        assert seen_from(Spot(members), path) == value
    assert sorted(spot.value for spot in spots(members, "/*")) == sorted(members.values())
