"""Every shipped connector, polled over HTTP from its own recording: what it reads arrives, and only once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from talwerk.core.instants import SystemClock, parse_instant
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile, Source
from talwerk.sdk.reading import Reading, Thing
from talwerk.sdk.recording import read_recording
from talwerk.services.sources.checking import read_all
from talwerk.services.sources.discovery import discover, recordings_of
from tests.recording_server import replies, serving
from tests.services.sources.workbench import SCOPE, polled, profile

FOUND = discover()


def city(key: str, address: str) -> Profile:
    recording = read_recording(recordings_of(FOUND[key]))
    parameters = {name: value for name, value in recording.parameters.items() if value is not None}
    source = Source(key="quelle", connector=key, address=address, things=recording.wanted, parameters=parameters)
    return msgspec.structs.replace(profile(address), points=(), sources=(source,))


@pytest.mark.parametrize("key", [key for key, found in FOUND.items() if found.connector.requests])
async def test_what_a_connector_reads_arrives(key: str, tmp_path: Path) -> None:
    folder = recordings_of(FOUND[key])
    # What is sent to the city has no path of the source's, and is not polled for.
    paths = {exchange.path for exchange in read_recording(folder).exchange}
    asked = {path: each for path, each in read_all(FOUND[key], read_recording(folder)).items() if path in paths}
    findings = [each for found in asked.values() for each in found]
    readings = {(each.native, each.attribute) for each in findings if isinstance(each, Reading)}
    told = [each for each in findings if isinstance(each, Thing)]
    things = {each.native for each in told if each.name or each.place or each.location or each.statements}
    with serving(replies(folder)) as recorded:
        async with polled(tmp_path, recorded, city=city(key, recorded.address), beside=folder) as bench:
            bench.clock.by_us = parse_instant(read_recording(folder).at) - SystemClock().now()
            await bench.round()
            assert {path for path, _ in recorded.asked} >= asked.keys(), "everything that was recorded is asked for"
            series = {(s.entity, s.attribute): s for s in bench.broker.series(SCOPE)}
            kept = {(entity.rpartition(":")[2], attribute) for entity, attribute in series}
            assert kept >= {(native.rpartition(":")[2], expand(attribute)) for native, attribute in readings}
            entities = bench.broker.read(Query(page=Page(limit=1_000)), SCOPE).entities
            assert {entity.id.rpartition(":")[2] for entity in entities} >= {each.rpartition(":")[2] for each in things}
            position = bench.broker.position()
            assert position > 0
            bench.clock.ahead_s += 100_000
            await bench.round()
            assert bench.broker.position() == position, "what has come before is not written again"
