"""Whatever a connector finds, good values go where they belong, each time once, and the rest is counted."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import DAY, EARLIEST, FUTURE_TOLERANCE, HOUR, LATEST, Instant, SystemClock
from talwerk.core.quality import Flag, flag_of
from talwerk.sdk.connector import Connector, Quantity
from talwerk.sdk.reading import Ask, Finding, Reading, Thing, Unusable
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.feed import Feed, feed
from talwerk.services.sources.shaping import observations, shape
from tests.services.sources.workbench import profile

NOW = SystemClock().now()


def made(**changes: object) -> Feed:
    city = profile("http://127.0.0.1:9")
    plain = feed(city.sources[0], city, discover())
    connector: Connector = msgspec.structs.replace(plain.connector, **changes)
    return msgspec.structs.replace(plain, connector=connector)


FEED = made()

readings = st.builds(
    Reading,
    native=st.sampled_from(["1", "2", "a b", "ü", ""]),
    attribute=st.sampled_from(["height", "flow"]),
    value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60) | st.text(max_size=3),
    observed=st.integers(NOW - DAY, NOW + DAY) | st.integers(-(2**62), 2**62),
)
findings = st.lists(
    readings
    | st.builds(Unusable, reason=st.sampled_from(["x", "y"]), gap=st.booleans())
    | st.just(Ask(request="week", parameters={}))
    | st.just(Thing(native="1", type="WaterObserved")),
    max_size=40,
)


@given(findings)
def test_nothing_is_lost_without_being_counted(found: list[Finding]) -> None:
    shaped = shape(found, FEED, NOW)
    given_ = [each for each in found if isinstance(each, Reading)]
    kept = sum(len(column) for column in shaped.columns.values())
    again = len(given_) - len({(r.native, r.attribute, r.observed) for r in given_})
    faults = sum(isinstance(each, Unusable) and not each.gap for each in found)
    assert len(given_) - again <= kept + sum(shaped.left_out.values()) - faults <= len(given_)
    for reading in given_:
        proper = reading.native in {"1", "2"} and reading.attribute == "height" and isinstance(reading.value, float)
        if proper and EARLIEST <= reading.observed < LATEST:
            entity = FEED.entity("WaterObserved", reading.native)
            assert any(t.entity == entity and reading.observed in column for t, column in shaped.columns.items())


@given(findings)
def test_columns_are_ready_to_be_written(found: list[Finding]) -> None:
    shaped = shape(found, FEED, NOW)
    for track, column in shaped.columns.items():
        written = observations(track, column)
        assert written.at == sorted(set(written.at))
        assert len(written.values) == len(written.at)
        assert len(written.quality) in {1, len(written.at)}
        for value, quality in zip(written.values, written.quality, strict=False):
            inside = isinstance(value, str) or -500 <= value <= 3_000
            assert inside or flag_of(quality) is Flag.FAIL
        assert all(isinstance(value, str) or math.isfinite(value) for value in written.values)


@given(findings)
def test_the_newest_is_good_and_not_in_the_future(found: list[Finding]) -> None:
    newest = shape(found, FEED, NOW).newest
    assert newest is None or newest <= NOW + FUTURE_TOLERANCE


@pytest.mark.parametrize("stamp, later", [("start", HOUR), ("end", 0)])
def test_a_value_is_observed_at_the_end_of_its_interval(stamp: str, later: int) -> None:
    hourly = Quantity(attribute="height", type="WaterObserved", unit="CMT", interval_s=3_600)
    reading = Reading(native="1", attribute="height", value=1.0, observed=NOW - DAY)
    shaped = shape([reading], made(quantities=(hourly,), stamp=stamp), NOW)
    assert shaped.newest == Instant(NOW - DAY + later)


def test_what_is_not_declared_says_for_itself_what_it_is() -> None:
    bare = Reading(native="1", attribute="flow", value=1.0, observed=NOW)
    assert shape([bare], FEED, NOW).left_out == {"nothing is declared about flow": 1}
    full = msgspec.structs.replace(bare, type="WaterObserved", unit="MQS", dataset="a")
    ((track, column),) = shape([full], FEED, NOW).columns.items()
    written = observations(track, column)
    assert (written.unit, written.dataset) == ("MQS", "urn:ngsi-ld:Dataset:hochwasserportal-nrw:a")
    assert written.provenance.cadence_s == 900
