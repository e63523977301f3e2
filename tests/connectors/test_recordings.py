"""Every connector's recording against what is expected of it, and what every connector has to declare."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from talwerk.core.instants import instant_or_none
from talwerk.core.units import symbol
from talwerk.sdk.connector import PLACEHOLDER, Connector
from talwerk.sdk.profile import City, Profile, Source
from talwerk.sdk.reading import MOMENTS, Ask, Context, Finding, Reading, Thing, Whole, zone_of
from talwerk.sdk.recording import EXPECTED, RECORDING, Exchange, Recording, read_recording
from talwerk.services.sources.answers import read_answer
from talwerk.services.sources.discovery import PACKAGE, discover
from talwerk.services.sources.feed import feed

ROOT = Path(str(importlib.import_module(PACKAGE).__file__)).parent
FOUND = discover()
SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-+]*")


def folder(connector: Connector) -> Path:
    return ROOT / "recordings" / connector.key.replace("-", "_")


def context(connector: Connector, recording: Recording, exchange: Exchange) -> Context:
    at = instant_or_none(recording.at)
    assert at is not None
    parameters = {**connector.parameters, **recording.parameters, **exchange.parameters}
    return Context(now=at, zone=connector.zone, wanted=recording.wanted, parameters=parameters)


def found_in(connector: Connector, recording: Recording, exchange: Exchange) -> list[Finding]:
    content = (folder(connector) / exchange.file).read_bytes()
    request = connector.request(exchange.request)
    return read_answer(connector, request, content, "", context(connector, recording, exchange))


def path(connector: Connector, recording: Recording, exchange: Exchange) -> str:
    """What the platform would ask for at the moment of the recording."""
    parameters: dict[str, Any] = context(connector, recording, exchange).parameters
    city = City(key="stadt", name="Stadt", ags="05124000", ars="051240000000")
    given = {name: parameters[name] for name in connector.parameters if parameters[name] is not None}
    source = Source(key="quelle", connector=connector.key, address="http://127.0.0.1", parameters=given)
    made = feed(source, Profile(city=city, sources=(source,)), FOUND)
    at = instant_or_none(recording.at)
    assert at is not None
    return made.url(connector.request(exchange.request), exchange.parameters, at).removeprefix(source.address)


connectors = pytest.mark.parametrize("connector", [f.connector for f in FOUND.values()], ids=list(FOUND))


@connectors
def test_the_recording_is_read_as_expected(connector: Connector) -> None:
    recording = read_recording(folder(connector))
    read = {
        exchange.path: json.loads(msgspec.json.encode(found_in(connector, recording, exchange)))
        for exchange in recording.exchange
    }
    assert read == json.loads((folder(connector) / EXPECTED).read_text())


@connectors
def test_every_request_is_recorded_and_follows_from_the_first(connector: Connector) -> None:
    recording = read_recording(folder(connector))
    asked: set[tuple[str, tuple[tuple[str, str], ...]]] = {(connector.requests[0].key, ())}
    for exchange in recording.exchange:
        assert (exchange.request, tuple(sorted(exchange.parameters.items()))) in asked
        names = PLACEHOLDER.findall(connector.request(exchange.request).path)
        assert set(names) <= set(exchange.parameters) | set(connector.parameters) | MOMENTS
        assert exchange.path == path(connector, recording, exchange)
        found = found_in(connector, recording, exchange)
        asked |= {(ask.request, tuple(sorted(ask.parameters.items()))) for ask in found if isinstance(ask, Ask)}
    assert {exchange.request for exchange in recording.exchange} == {request.key for request in connector.requests}


@connectors
def test_what_is_read_fits_what_is_declared(connector: Connector) -> None:
    recording = read_recording(folder(connector))
    found = [each for exchange in recording.exchange for each in found_in(connector, recording, exchange)]
    readings = [each for each in found if isinstance(each, Reading)]
    assert readings or any(isinstance(each, Thing) for each in found)
    whole = {
        (exchange.request, each.type)
        for exchange in recording.exchange
        for each in found_in(connector, recording, exchange)
        if isinstance(each, Whole)
    }
    assert len({kind for _, kind in whole}) == len(whole), "two requests end each other's things"
    for reading in readings:
        quantity = connector.quantity(reading.attribute)
        assert quantity is not None or (reading.type and reading.unit)
        assert quantity is None or isinstance(reading.value, str) == (not (reading.unit or quantity.unit))
    assert not recording.wanted or {reading.native for reading in readings} <= set(recording.wanted)


@connectors
def test_licence_credit_units_rhythm_and_zone_are_declared(connector: Connector) -> None:
    assert connector.licence == "unknown" or SPDX.fullmatch(connector.licence)
    assert len(connector.terms) > 20, "where the terms stand, or why they are unknown"
    assert connector.attribution
    assert connector.every_s <= connector.stale_s
    assert zone_of(connector.zone) is not None
    for quantity in connector.quantities:
        assert not quantity.unit or symbol(quantity.unit) != quantity.unit, (
            f"{quantity.unit} is no unit that pages can write"
        )


def test_no_recording_stands_without_its_connector() -> None:
    kept = {path.parent.name for path in (ROOT / "recordings").glob(f"*/{RECORDING}")}
    assert kept == {key.replace("-", "_") for key in FOUND}
