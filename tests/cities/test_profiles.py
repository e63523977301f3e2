"""Every profile that comes with Talwerk, and the messages for those that do not load."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.sdk.profile import Quantity
from talwerk.services.sources.discovery import discover
from talwerk.texts import catalogue


def test_there_is_more_than_one_city() -> None:
    assert {"wuppertal", "solingen"} <= set(cities.available())


@pytest.mark.parametrize("key", cities.available())
def test_every_profile_loads_and_bears_the_name_of_its_folder(key: str) -> None:
    profile = cities.load(key)
    assert profile.city.key == key
    assert profile.axis is not None
    assert profile.axis.points
    for point in profile.measuring_points:
        assert all(entity.startswith("urn:ngsi-ld:") for entity in profile.candidates(point))


def test_the_axis_runs_downstream_and_the_city_centre_has_its_levels() -> None:
    profile = cities.load("wuppertal")
    assert profile.axis is not None
    assert [point.key for point in profile.axis.points] == [
        "beyenburg",
        "kluserbruecke",
        "buchenhofen",
        "glueder",
        "opladen",
    ]
    staged = {point.key: point.levels.values for point in profile.axis.points if point.levels}
    assert staged == {"kluserbruecke": (126.0, 212.0, 253.0)}


@pytest.mark.parametrize("key", cities.available())
def test_points_are_what_their_sources_measure(key: str) -> None:
    profile, found = cities.load(key), discover(cities.folder(key) / cities.CONNECTORS)
    sources = {source.key: found[source.connector].connector for source in profile.sources}
    named = [(point, ref.partition(":")[0]) for point in profile.measuring_points for ref in point.entities]
    assert {source for _, source in named} <= sources.keys()
    for point, source in named:
        quantity = sources[source].quantity(point.attribute)
        assert quantity is not None, f"{source} does not measure {point.attribute}"
        assert (quantity.type, quantity.unit) == (point.type, point.unit)


def test_there_are_words_for_every_quantity() -> None:
    texts = catalogue("de")
    for quantity in get_args(Quantity):
        assert texts.text(f"quantity.{quantity}")
        assert "Gathe" in texts.text(f"station_title.{quantity}", station="Gathe")


def test_example_values_are_the_last_choice() -> None:
    profile = cities.load("wuppertal")
    point = profile.point("kluserbruecke")
    assert point is not None
    assert profile.candidates(point) == (
        "urn:ngsi-ld:WaterObserved:05124000:hochwasserportal-nrw:2736510000100",
        "urn:ngsi-ld:WaterObserved:05124000:wupperverband:kluserbruecke",
        "urn:ngsi-ld:WaterObserved:05124000:beispiel:kluserbruecke",
    )


def test_an_unknown_city_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DomainError) as caught:
        cities.load("atlantis")
    assert caught.value.fault is Fault.NOT_FOUND
    assert "'atlantis' is unknown. Known: remscheid, solingen, wuppertal" in str(caught.value)


@pytest.mark.parametrize(
    "key", ["", "..", "../cities/wuppertal", "wuppertal/../wuppertal", "/etc", "\x00", "WUPPERTAL"]
)
def test_no_text_leads_to_another_folder(key: str) -> None:
    with pytest.raises(DomainError):
        cities.load(key)


def test_a_city_may_bring_its_own_directory(tmp_path: Path) -> None:
    text = (cities.folder("solingen") / cities.PROFILE).read_text(encoding="utf-8")
    (tmp_path / cities.PROFILE).write_text(text.replace('"solingen"', '"elsewhere"'), encoding="utf-8")
    assert cities.load(str(tmp_path)).city.key == "elsewhere"


@pytest.mark.parametrize("key", cities.available())
def test_every_reach_has_a_measuring_point_that_speaks_for_it(key: str) -> None:
    territory, profile = cities.territory(key), cities.load(key)
    assert territory is not None
    assert all(profile.point(reach.point) is not None for reach in territory.reaches)


def test_a_quarter_at_the_river_knows_its_gauge() -> None:
    territory = cities.territory("wuppertal")
    assert territory is not None
    assert [reach.point for key in ("87", "00", "16") if (reach := territory.reach_of(key))] == [
        "beyenburg",
        "kluserbruecke",
        "buchenhofen",
    ]
    assert territory.reach_of("22") is None
