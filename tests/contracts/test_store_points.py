"""Parts of a series: its newest and its oldest values, over every method that it was measured with."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talwerk.core.change import Provenance
from talwerk.core.instants import MINUTE
from talwerk.core.query import Window
from talwerk.store import Store
from tests.contracts.cities import ALL, NOON, StandingClock, key, levels, write
from tests.contracts.conftest import StoreFactory

COUNT = 40
TIMES = [NOON - (COUNT - n) * MINUTE for n in range(COUNT)]


@pytest.fixture
def filled(store_factory: StoreFactory, place: str) -> Store:
    """A series whose method changed: the later half was measured anew, and overlaps with the older one."""
    store = store_factory(place, StandingClock())
    write(store, levels(TIMES[:25], list(range(25)), provenance=Provenance(method="old")))
    write(store, levels(TIMES[15:], list(range(15, COUNT)), provenance=Provenance(method="new")))
    return store


# Nothing is written after the fixture: every example may use the same store.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, COUNT + 5), start=st.integers(-2, COUNT), end=st.integers(0, COUNT + 2))
def test_the_oldest_values_of_a_window(filled: Store, first: int, start: int, end: int) -> None:
    window = Window(start=NOON - (COUNT - start) * MINUTE, end=NOON - (COUNT - end) * MINUTE)
    inside = list(range(max(start, 0), min(end, COUNT)))
    assert filled.points(key(), window, ALL, first=first).values == inside[:first]
    assert filled.points(key(), window, ALL, last=first).values == inside[len(inside) - min(first, len(inside)) :]
    assert filled.points(key(), window, ALL).values == inside
