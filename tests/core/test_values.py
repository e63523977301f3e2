"""What may be kept, and when two values are the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.values import DEPTH_MAX, check_value, same_value, storable

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters(codec="ascii")), inner))
)


@given(values)
def test_what_may_be_kept_survives_json(value: Any) -> None:
    try:
        check_value(value, "level")
    except DomainError:
        assert "\0" in repr(value) or "\\x00" in repr(value)
        return
    assert same_value(msgspec.json.decode(msgspec.json.encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        "a\0b",
        2**63,
        -(2**63) - 1,
        float("nan"),
        float("inf"),
        {"\udfff": 1},
        {1: 2},
        {"a": [2**64]},
        b"a",
        {1},
    ],
)
def test_what_may_not(value: Any) -> None:
    with pytest.raises(DomainError) as refused:
        check_value(value, "level")
    assert (refused.value.fault, refused.value.where) == (Fault.BAD_REQUEST_DATA, "level")


def test_depth_is_limited() -> None:
    value: Any = 1
    for _ in range(DEPTH_MAX):
        value = {"a": value}
    check_value(value, "level")
    with pytest.raises(DomainError, match="levels deep"):
        check_value([value], "level")
    instance = Attribute(kind=Kind.PROPERTY, value=1)
    for _ in range(DEPTH_MAX):
        instance = Attribute(kind=Kind.PROPERTY, value=1, subattributes={"urn:a:b": (instance,)})
    refusal = storable(Entity(id="urn:e:1", types=("urn:t:1",), attributes={"urn:a:b": (instance,)}))
    assert refusal is not None
    assert refusal.where == "urn:a:b"


def test_an_entity_that_can_be_kept() -> None:
    assert storable(Entity(id="urn:e:1", types=("urn:t:1",), scopes=("/a",))) is None


@given(values, values)
def test_sameness_is_symmetric_and_that_of_json(one: Any, other: Any) -> None:
    assert same_value(one, one)
    assert same_value(one, other) == same_value(other, one)


@pytest.mark.parametrize(
    "one, other, same",
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        (1, True, False),
        (0, False, False),
        (1, "1", False),
        (None, False, False),
        ([1, [2]], [1, [2.0]], True),
        ([1, True], [1, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": True}, {"a": 1}, False),
        ([], {}, False),
        ("", None, False),
    ],
)
def test_sameness(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same
