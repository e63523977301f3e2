"""Fields of decoded messages as attributes, as a file beside the profile declares it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.core.instants import parse_instant
from talwerk.core.quality import Flag
from talwerk.sdk.reading import Context, Finding, Reading, Thing, Unusable
from talwerk.sdk.uplinks import Uplink, found_in, read_kind
from tests.connectors.answers import json_values

NOW = parse_instant("2026-01-14T12:20:00Z")
KIND = """
devices = ["pegel-*"]
[[fields]]
field = "level_mm"
attribute = "height"
type = "WaterObserved"
unit = "CMT"
factor = 0.1
offset = 5
least = 0
most = 800
[[fields]]
field = "state"
attribute = "status"
type = "Device"
unit = ""
"""


def read(fields: dict[str, Any] | None, text: str = KIND, **told: Any) -> list[Finding]:
    context = Context(now=NOW, parameters={"devices": {"pegel": text}})
    return list(found_in(Uplink(**{"device": "pegel-1", "observed": NOW, "fields": fields, **told}), context))


def readings(found: list[Finding]) -> dict[str, Reading]:
    return {each.attribute: each for each in found if isinstance(each, Reading)}


def test_a_field_becomes_an_attribute_in_its_unit() -> None:
    height = readings(read({"level_mm": 1043, "state": "ok"}))["height"]
    assert (height.value, height.unit, height.type) == (109.3, "CMT", "WaterObserved")


@pytest.mark.parametrize("level_mm, flag", [(-51, Flag.FAIL), (-50, Flag.NOT_EVALUATED), (8_000, Flag.FAIL)])
def test_what_cannot_be_has_failed(level_mm: float, flag: Flag) -> None:
    assert readings(read({"level_mm": level_mm}))["height"].quality is flag


@pytest.mark.parametrize("omits, expected", [(True, {"height": 5.0, "status": ""}), (False, {})])
def test_a_missing_field_is_zero_where_the_network_omits_zeros(omits: bool, expected: dict[str, Any]) -> None:
    found = read({}, omits_zeros=omits)
    assert {name: each.value for name, each in readings(found).items()} == expected


def test_an_optional_field_that_is_missing_is_a_gap() -> None:
    found = read({"state": "ok"}, KIND.replace("factor = 0.1", "factor = 0.1\noptional = true"), omits_zeros=True)
    assert "height" not in readings(found)
    assert Unusable(reason="a value is missing", gap=True) in found


@pytest.mark.parametrize(
    "told", [{"device": "parken-1"}, {"text": KIND + "[installed]\n", "device": "x"}, {"fields": None}]
)
def test_what_nobody_declared_is_told_and_not_guessed(told: dict[str, Any]) -> None:
    fields = told.pop("fields", {"level_mm": 1})
    (only,) = read(fields, told.pop("text", KIND), **told)
    assert isinstance(only, Unusable)
    assert not only.gap


@given(json_values, json_values)
def test_whatever_a_field_holds_the_other_is_read(strange: Any, gain: Any) -> None:
    found = read({"level_mm": strange, "state": "ok"}, heard=((-90.0, None),))
    assert readings(found)["status"].value == "ok"
    assert readings(found)["rssi"].value == -90
    assert all(isinstance(each, Reading | Thing | Unusable) for each in found)


@given(st.lists(st.tuples(st.none() | st.floats(-150, 0), st.none() | st.floats(-20, 20)), max_size=5))
def test_the_best_gateway_counts(heard: list[tuple[float | None, float | None]]) -> None:
    found = readings(read({"level_mm": 1}, heard=tuple(heard)))
    told = [strength for strength, _ in heard if strength is not None]
    assert ("rssi" in found) == bool(told)
    if told:
        assert found["rssi"].value == max(told)


@pytest.mark.parametrize(
    "wrong, place",
    [
        ('unit = "CMT"', ":7: "),
        ("factor = 0.1", ":8: "),
        ('attribute = "height"', ":5: "),
    ],
)
def test_a_mistake_is_told_with_file_and_line(wrong: str, place: str) -> None:
    with pytest.raises(DomainError) as raised:
        read_kind(
            KIND.replace(
                wrong, wrong.replace('"CMT"', '"zentimeter"').replace("0.1", '"x"').replace("attribute", "atribute")
            ),
            "devices/pegel.toml",
        )
    assert f"devices/pegel.toml{place}" in str(raised.value)
