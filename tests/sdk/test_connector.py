"""What connectors declare, and what their functions work with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.core.instants import HOUR, format_instant
from talwerk.sdk.connector import SIZE_MAX, Connector, Quantity, Request
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.profile import Profile
from talwerk.sdk.reading import Context, Finding, Reading, Unusable, measured, number, point


def nothing(_payload: Any, _context: Context) -> Iterator[Finding]:
    return iter(())


def connector(**changes: Any) -> Connector:
    level = Quantity(attribute="height", type="WaterObserved", unit="CMT")
    declared: dict[str, Any] = {
        "key": "x",
        "title": "X",
        "publisher": "X",
        "licence": "unknown",
        "terms": "not found",
        "attribution": "X",
        "quantities": (level,),
        "requests": (Request(key="all", path="/all.json", parse=nothing),),
        "every_s": 300,
        "cadence_s": 900,
        "stale_s": 1_800,
    }
    return Connector(**{**declared, **changes})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"zone": "Europe/Wuppertal"}, "neither in the IANA"),
        ({"stale_s": 899}, "stale before the next one"),
        ({"size_max": SIZE_MAX + 1}, "is more than"),
        ({"parameters": {"today": "2026-01-14"}}, "the clock fills today"),
        ({"requests": (Request(key="a", path="/", parse=nothing),) * 2}, "request 'a' is declared twice"),
        ({"quantities": (Quantity(attribute="a", type="T", unit="CMT"),) * 2}, "quantity 'a' is declared twice"),
    ],
)
def test_what_could_never_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        connector(**changes)


def test_limits_ascend() -> None:
    with pytest.raises(ValueError, match="not ascending"):
        Quantity(attribute="a", type="T", unit="CMT", least=1, most=1)


def test_requests_are_found_by_key() -> None:
    assert connector().request("all").path == "/all.json"
    with pytest.raises(KeyError, match="no request 'week'"):
        connector().request("week")


@pytest.mark.parametrize(
    "zone, stamp, expected",
    [
        ("UTC", "2026-01-14T12:00:00.000+01:00", "2026-01-14T11:00:00Z"),
        ("UTC", "2026-01-14T12:00:00+0200", "2026-01-14T10:00:00Z"),
        ("UTC", "2026-01-14 12:00:00", "2026-01-14T12:00:00Z"),
        ("Europe/Berlin", "2026-07-14 12:00:00", "2026-07-14T10:00:00Z"),
        ("+01:00", "2026-07-14 12:00:00", "2026-07-14T11:00:00Z"),
        ("Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-03-29 02:30:00", None),
        ("Europe/Berlin", "29.03.2026", None),
        ("Europe/Berlin", "0001-01-01 00:00:00", None),
        ("Europe/Berlin", 17, None),
        ("Europe/Berlin", "", None),
    ],
)
def test_stamps_are_read_in_the_connectors_zone(zone: str, stamp: object, expected: str | None) -> None:
    found = Context(now=0, zone=zone).instant(stamp)
    assert (None if found is None else format_instant(found)) == expected


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_a_number_is_finite_or_none(value: Any) -> None:
    found = number(value)
    assert found is None or math.isfinite(found)
    if isinstance(value, float) and math.isfinite(value):
        assert found == value


@pytest.mark.parametrize(
    "longitude, latitude, usable",
    [("7.15", 51.26, True), (7.15, None, False), (0, 0, False), (181, 1, False), (1, 91, False), ("x", 1, False)],
)
def test_places_that_are_none(longitude: object, latitude: object, usable: bool) -> None:
    assert (point(longitude, latitude) is not None) == usable


def test_a_gap_is_no_fault() -> None:
    context = Context(now=HOUR)
    stamp = "2026-01-14T12:00:00Z"
    assert measured("1", "height", stamp, None, context) == Unusable(reason="a value is missing", gap=True)
    assert measured("1", "height", stamp, "", context) == Unusable(reason="a value is missing", gap=True)
    assert isinstance(measured("1", "height", stamp, "12.5", context), Reading)


PROFILE = """
    [[points]]
    key = "a"
    name = "A"
    quantity = "level"
    type = "T"
    attribute = "a"
    unit = "CMT"
    entities = ["x:1", "y:2"]
    [city]
    key = "stadt"
    name = "Stadt"
    ags = "05124000"
    ars = "051240000000"
    [[sources]]
    key = "x"
    connector = "x"
    address = "ADDRESS"
    things = ["3", "1"]
"""


def test_what_a_city_wants_is_what_its_measuring_points_name_and_what_it_adds() -> None:
    profile = parse_declaration(PROFILE.replace("ADDRESS", "https://example.org/a"), Profile, "test")
    assert profile.wanted(profile.sources[0]) == ("1", "3")


@pytest.mark.parametrize(
    "address",
    ["ftp://example.org", "https://", "https://example.org/", "https://u:p@example.org/a", "https://a/?b=c", "x"],
)
def test_addresses_that_no_path_can_follow_are_refused(address: str) -> None:
    with pytest.raises(DomainError):
        parse_declaration(PROFILE.replace("ADDRESS", address), Profile, "test")


def test_a_source_is_declared_once() -> None:
    twice = PROFILE.replace("ADDRESS", "https://example.org") + PROFILE[PROFILE.index("[[sources]]") :].replace(
        "ADDRESS", "https://b"
    )
    with pytest.raises(DomainError, match="source 'x' is declared twice"):
        parse_declaration(twice, Profile, "test")
