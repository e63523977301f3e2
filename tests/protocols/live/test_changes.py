"""The change feed over real HTTP: it tells of changes, resumes where it was cut, and shows nobody too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from talwerk.app import City, endpoint, open_city
from talwerk.core.change import Batch, Change, Mode
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.query import Nothing
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.processes.serve import listen, serve
from talwerk.protocols.live.feed import Feed, event_of
from talwerk.settings import Settings

SCOPE = system_scope("test")


async def write(city: City, seats: int) -> None:
    seat = Attribute(kind=Kind.PROPERTY, value=seats)
    bench = Entity(id="urn:ngsi-ld:Bench:1", types=(expand("Bench"),), attributes={expand("seats"): (seat,)})
    await city.broker.write(Batch(changes=(Change(mode=Mode.UPDATE, entity=bench),)), SCOPE)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[City, str]]:
    """A city behind a real server: an in-process client would wait for the end of an endless answer."""
    with listen("127.0.0.1", 0) as door:
        async with open_city(Settings(data=tmp_path)) as city:
            ready = asyncio.Event()
            task = asyncio.create_task(serve(endpoint(city), door, ready.set))
            await ready.wait()
            yield city, f"http://127.0.0.1:{door.getsockname()[1]}/api/v1/changes"
            task.cancel()
            await asyncio.wait([task])


async def events(url: str, wanted: int, headers: dict[str, str] | None = None) -> list[dict[str, str]]:
    """The first so many events."""
    found: list[dict[str, str]] = []
    async with (
        httpx2.AsyncClient(timeout=5) as client,
        client.stream("GET", url, headers=headers or {}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
                continue
            if "id" in event:
                found.append(event)
            event = {}
            if len(found) == wanted:
                return found
    return found


async def test_a_change_is_told_and_a_cut_listener_resumes(served: tuple[City, str]) -> None:
    city, url = served
    await write(city, 1)
    listening = asyncio.create_task(events(url, 1))
    await asyncio.sleep(0.3)
    await write(city, 2)
    (first,) = await listening
    told = msgspec.json.decode(first["data"])
    assert first["event"] == "change"
    assert (told["entity"], told["attributes"], told["origin"]) == ("urn:ngsi-ld:Bench:1", ["seats"], "live")
    for seats in range(3, 8):
        await write(city, seats)
    missed = await events(url, 5, {"Last-Event-ID": first["id"]})
    ids = [int(event["id"]) for event in missed]
    assert ids == list(range(int(first["id"]) + 1, int(first["id"]) + 6))


async def test_from_the_beginning_everything_is_told_in_order(served: tuple[City, str]) -> None:
    city, url = served
    for seats in range(700):
        await write(city, seats)
    told = await events(url, 700, {"Last-Event-ID": "0"})
    assert [int(event["id"]) for event in told] == list(range(1, 701))


async def test_a_position_that_is_none_is_refused(served: tuple[City, str]) -> None:
    _, url = served
    async with httpx2.AsyncClient() as client:
        answer = await client.get(url, headers={"Last-Event-ID": "yesterday"})
        assert answer.status_code == 400
        assert "Last-Event-ID" in answer.text
        assert (await client.post(url)).status_code == 405


async def test_who_may_not_see_an_entity_does_not_hear_of_it(served: tuple[City, str]) -> None:
    city, _ = served
    await write(city, 1)
    feed = Feed(city.broker)
    event = event_of(city.broker.log(0)[0])
    assert feed.visible(event, SCOPE)
    assert not feed.visible(event, msgspec.structs.replace(SCOPE, predicate=Nothing()))
    assert not feed.visible(event, msgspec.structs.replace(SCOPE, attributes=frozenset({expand("colour")})))
