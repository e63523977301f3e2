"""Patterns of strangers: found anywhere, refused when malformed or too large, never slow."""

import time

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.core.patterns import LENGTH_MAX, expression


@pytest.mark.parametrize(
    "pattern, text, found",
    [
        ("a", "bab", True),
        ("^a$", "bab", False),
        ("(?i)BRÜCKE", "an der brücke", True),
        (r"\d{3}", "12", False),
        ("", "", True),
        ("urn:ngsi-ld:Gauge:*", "urn:ngsi-ld:Gauge:1", True),
    ],
)
def test_a_pattern_is_found_anywhere(pattern: str, text: str, found: bool) -> None:
    assert expression(pattern).found_in(text) is found


@pytest.mark.parametrize(
    "pattern", ["(a", "(?=a)", r"(a)\1", "a{1000}" * 100, "a" * (LENGTH_MAX + 1), "\ud800", "a\0", "[z-a]"]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(DomainError) as refused:
        expression(pattern)
    assert refused.value.fault is Fault.INVALID_REQUEST


def test_no_pattern_is_slow() -> None:
    begun = time.monotonic()
    assert not expression("^(a+)+$").found_in("a" * 100_000 + "b")
    assert time.monotonic() - begun < 1
