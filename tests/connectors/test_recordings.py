"""Every connector's recording against what is expected of it, and what every connector has to declare."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.services.sources.checking import check_connector, unclaimed
from talwerk.services.sources.discovery import PACKAGE, Found, discover, discover_in

SHIPPED = discover()
LOCAL = {
    f"{city}/{key}": found
    for city in cities.available()
    for key, found in discover_in(cities.folder(city) / cities.CONNECTORS).items()
}


@pytest.mark.parametrize("found", [*SHIPPED.values(), *LOCAL.values()], ids=[*SHIPPED, *LOCAL])
def test_the_connector_declares_what_it_has_to_and_reads_its_recording_as_expected(found: Found) -> None:
    assert check_connector(found) == []


def test_no_recording_stands_without_its_connector() -> None:
    package = Path(str(importlib.import_module(PACKAGE).__file__)).parent
    assert unclaimed(package / "recordings", SHIPPED) == []
    for city in cities.available():
        own = cities.folder(city) / cities.CONNECTORS
        assert unclaimed(own / "recordings", discover_in(own)) == []
