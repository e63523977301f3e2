"""The duty as a whole: what it begins with, and what it does not begin at all."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from talwerk.core.change import Batch, Change, Mode, Observations, Provenance
from talwerk.core.entity import Entity
from talwerk.core.errors import DomainError
from talwerk.core.instants import MINUTE, Instant, SystemClock
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile
from talwerk.services.outgoing import Egress
from talwerk.services.sources import discovery
from talwerk.services.sources import duty as duties
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.duty import Sources
from talwerk.services.sources.feed import feed
from talwerk.services.sources.judging import Course, Ending, judge
from talwerk.services.sources.state import Health
from tests.recording_server import Recorded, serving
from tests.services.sources.workbench import HASTY, SCOPE, Bench, answers, polled, profile


def duty(bench: Bench, city: Profile) -> Sources:
    return Sources(city, bench.broker, SCOPE, clock=bench.clock, egress=Egress(), patience=HASTY)


async def test_sources_are_polled_until_cancelled(tmp_path: Path) -> None:
    with serving(answers()) as recorded:
        async with polled(tmp_path, recorded) as bench:
            sources = duty(bench, profile(recorded.address))
            running = asyncio.create_task(sources.run())
            for _ in range(400):
                if any(state.health is Health.FRESH for state in sources.states()):
                    break
                await asyncio.sleep(0.05)
            assert [state.health for state in sources.states()] == [Health.FRESH]
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


@pytest.mark.parametrize("twin", [False, True])
async def test_a_mixed_city_asks_nobody_says_so_and_goes_on_when_the_mix_is_gone(
    twin: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "MIXED_LOOK_S", 0.05)
    kinds = ("simulated", "measured")
    here = dict(zip(kinds, ("urn:x:1", "urn:x:2"), strict=True))
    told = expand("health"), expand("lastError")
    with serving(answers()) as recorded:
        async with polled(tmp_path, recorded) as bench:
            # As it came about before the engine marked what is written into a city of simulated values.
            await bench.broker.write(
                Batch(changes=tuple(old(here[kind], kind == "simulated") for kind in kinds)), SCOPE
            )
            city = profile(recorded.address)
            addresses = {"hochwasserportal-nrw": recorded.address} if twin else None
            sources = Sources(
                city, bench.broker, SCOPE, clock=bench.clock, egress=Egress(), patience=HASTY, twin=addresses
            )
            running = asyncio.create_task(sources.run())
            other = kinds[twin]
            try:
                await until(lambda: bool(bench.things("DataSource")))
                assert not recorded.asked
                assert sources.halted.startswith(f"The data directory holds {other} values ({here[other]}, source")
                (state,) = sources.states()
                assert (state.health, state.error) == (Health.UNREACHABLE, f"it is not asked: {sources.halted}")
                (entity,) = bench.things("DataSource")
                assert [entity.attributes[name][0].value for name in told] == ["unreachable", state.error]
                await asyncio.sleep(0.2)
                assert caplog.text.count(f"sources are not polled: The data directory holds {other}") == 1
                if twin:
                    gone = Change(mode=Mode.ERASE, entity=Entity(id=here[other], types=()))
                    await bench.broker.write(Batch(changes=(gone,)), SCOPE)
                    await until(lambda: [state.health for state in sources.states()] == [Health.FRESH])
                    assert not sources.halted
            finally:
                running.cancel()
                await asyncio.wait([running])


def old(entity: str, simulated: bool) -> Observations:
    at = SystemClock().now() - MINUTE
    return Observations(
        entity=entity,
        types=("urn:t",),
        attribute="urn:a",
        at=[at],
        values=[1],
        provenance=Provenance(source="beispiel", simulated=simulated),
    )


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come true in time")


async def test_a_source_without_a_connector_is_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    city = profile("http://127.0.0.1:9")
    strange = msgspec.structs.replace(city.sources[0], connector="atlantis")
    async with polled(tmp_path, Recorded(address="http://127.0.0.1:9")) as bench:
        await duty(bench, msgspec.structs.replace(city, sources=(strange,))).run()
    assert "needs the connector 'atlantis', which is not there; known: " in caplog.text


def test_parameters_that_the_connector_does_not_know_are_refused() -> None:
    city = profile("http://127.0.0.1:9")
    strange = msgspec.structs.replace(city.sources[0], parameters={"lat": 51.2})
    with pytest.raises(DomainError, match="unknown parameter or lacks a value for one: lat"):
        feed(strange, city, discover())


@pytest.mark.parametrize("value", ["", ".", "..", "..."])
def test_no_parameter_leads_to_another_path(value: str) -> None:
    city = profile("http://127.0.0.1:9")
    made = feed(city.sources[0], city, discover())
    week = made.connector.request("week")
    with pytest.raises(DomainError, match="'site' has no usable value"):
        made.url(week, {"site": value, "native": "1"}, SystemClock().now())
    asked = made.url(week, {"site": "../a?b#c", "native": "1"}, SystemClock().now())
    assert asked.endswith("/..%2Fa%3Fb%23c/1/S/week.json")


def test_connectors_that_cannot_be_loaded_are_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Point:
        def __init__(self, value: str) -> None:
            self.value = value

    ours = "talwerk.connectors.hochwasserportal_nrw:CONNECTOR"
    points = [Point("no.such:CONNECTOR"), Point("json:loads"), Point(ours)]
    monkeypatch.setattr(discovery, "entry_points", lambda **_: points)
    assert discover()["hochwasserportal-nrw"].reference == ours
    assert "no.such:CONNECTOR cannot be loaded" in caplog.text
    assert "has the key of another one" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_judgements() -> None:
    good, dice = SystemClock().now(), random.Random(7)
    old = Instant(good - 200 * MINUTE)
    endings = list(Ending)
    for _ in range(300):
        some = [dice.choice(endings) for _ in range(dice.randint(0, 4))]
        newest = dice.choice([good, old, None])
        found = judge([Course(ending=ending) for ending in some], newest, good, 600)
        answered = bool({Ending.VALUES, Ending.NOTHING} & set(some))
        waiting = not some or (Ending.OPEN in some and not (answered and newest is good))
        assert (found is Health.WAITING) == waiting
        assert (found in {Health.FRESH, Health.STALE, Health.SILENT}) == (answered and not waiting)
    values, nothing = [Course(ending=Ending.VALUES)], [Course(ending=Ending.NOTHING)]
    assert [judge(values, at, good, 600) for at in (good, old, None)] == [Health.FRESH, Health.STALE, Health.STALE]
    assert [judge(nothing, at, good, 600) for at in (good, old, None)] == [Health.FRESH, Health.SILENT, Health.SILENT]
