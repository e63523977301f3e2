"""The classes of the air quality index meet at their ends without a gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import floats, sampled_from

from talwerk.portal.lage.air import CLASSES, SUBSTANCES, air_class


@pytest.mark.parametrize(
    "quantity, value, name",
    [("no2", 10.4, "very_good"), ("no2", 10.5, "good"), ("no2", 30, "good"), ("no2", 31, "moderate"),
     ("ozone", 145, "poor"), ("pm10", 91, "very_poor"), ("pm2_5", -0.3, "very_good")],
)  # fmt: skip
def test_classes(quantity: str, value: float, name: str) -> None:
    assert CLASSES[air_class(quantity, value)] == name


@given(sampled_from(SUBSTANCES), floats(0, 1_000), floats(0, 1_000))
def test_more_of_it_is_never_better(quantity: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert air_class(quantity, low) <= air_class(quantity, high)
