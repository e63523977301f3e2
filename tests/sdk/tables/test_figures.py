"""Numbers: whatever is read is what was written, and whatever could be read in two ways is not read."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.sdk.tables.figures import Figures
from talwerk.sdk.tables.findings import Kind

SIGNS: tuple[Literal[".", ","], ...] = (".", ",")


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(SIGNS))
def test_every_number_survives(value: float, sign: Literal[".", ","]) -> None:
    written = repr(value).replace(".", sign)
    read = Figures(sign).read(written)
    assert read == value
    assert math.copysign(1, float(read)) == math.copysign(1, value)


@given(st.integers(-(10**15), 10**15), st.sampled_from(SIGNS))
def test_every_whole_number_survives(value: int, sign: Literal[".", ","]) -> None:
    assert Figures(sign).read(f"{value:+d}") == value


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(SIGNS))
def test_the_other_sign_is_never_taken(value: float, sign: Literal[".", ","]) -> None:
    other = "," if sign == "." else "."
    written = f"{value:.3f}".replace(".", other)
    assert Figures(sign).read(written) is Kind.NUMBER


@given(st.text(max_size=40), st.sampled_from(SIGNS))
def test_what_is_read_is_finite_and_written_in_plain_digits(text: str, sign: Literal[".", ","]) -> None:
    read = Figures(sign).read(text)
    if not isinstance(read, Kind):
        assert math.isfinite(read)
        assert set(text) <= set("0123456789+-eE" + sign)


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1_0", "１２", "٣", "0x1", "1 000", "1.2.3", "--1", "e5", ".", "+", ""]
)
def test_what_float_would_take_and_what_it_would_not(text: str) -> None:
    assert Figures(".").read(text) is Kind.NUMBER


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 400])
def test_what_no_computer_holds(text: str) -> None:
    assert Figures(".").read(text) is Kind.NUMBER_RANGE


@pytest.mark.parametrize("text", ["1.234,5", "1 234,5", "1'234.5", "1.234.567", "12\u00a0345"])
def test_thousands_separators_are_named(text: str) -> None:
    for sign in SIGNS:
        assert Figures(sign).read(text) is Kind.NUMBER
    assert "thousands separator" in Figures(".").hint(text)
