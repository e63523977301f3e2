"""The change feed over real HTTP: it tells of changes, resumes where it was cut, and shows nobody too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.types import Message

from talwerk.app import City, endpoint, open_city
from talwerk.core.change import Batch, Change, Mode
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.errors import Fault
from talwerk.core.query import Nothing, OfType
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.processes.serve import listen, serve
from talwerk.protocols.live.feed import Feed, event_of
from talwerk.protocols.live.stream import Asked, Changes
from talwerk.settings import Settings
from talwerk.store import Keeping

SCOPE = system_scope("test")


async def write(city: City, seats: int, number: int = 1) -> None:
    seat = Attribute(kind=Kind.PROPERTY, value=seats)
    bench = Entity(id=f"urn:ngsi-ld:Bench:{number}", types=(expand("Bench"),), attributes={expand("seats"): (seat,)})
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


async def test_who_fell_behind_the_log_is_told_to_read_anew(served: tuple[City, str]) -> None:
    city, url = served
    for seats in range(20):
        await write(city, seats)
    assert city.tidy is not None
    assert city.tidy(Keeping(today=city.clock.now(), log_rows=10), 10.0).entries == 10
    assert city.broker.oldest() == 11
    (told,) = await events(url, 1, {"Last-Event-ID": "5"})
    assert (told["event"], told["id"]) == ("resync", "20")
    # Who stands just before the cut has lost nothing.
    kept = await events(url, 10, {"Last-Event-ID": "10"})
    assert [(event["event"], int(event["id"])) for event in kept] == [("change", n) for n in range(11, 21)]


async def test_a_slow_listener_is_told_when_the_log_is_cut_under_it(served: tuple[City, str]) -> None:
    city, _ = served
    for seats in range(700):
        await write(city, seats)
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if b"event: change" in sent[-1] and len(sent) == 2:
            # While the first 500 are on their way, the rest of what it has not seen goes.
            assert city.tidy is not None
            city.tidy(Keeping(today=city.clock.now(), log_rows=50), 10.0)

    sending = asyncio.create_task(Changes(Feed(city.broker), city.broker, asyncio.Event())._send(Asked(0), SCOPE, send))
    async with asyncio.timeout(5):
        while not any(b"event: resync" in body for body in sent):  # noqa: ASYNC110 - bodies have no event
            await asyncio.sleep(0.01)
    sending.cancel()
    assert sent[1].count(b"event: change") == 500
    assert sent[2] == b"id: 700\nevent: resync\ndata: {}\n\n"


async def test_a_script_resumes_by_the_address_and_hears_of_what_it_shows_only(served: tuple[City, str]) -> None:
    city, url = served
    for number in (1, 2, 3, 1, 2):
        await write(city, number, number)
    told = await events(f"{url}?after=1&entity=urn:ngsi-ld:Bench:2&entity=urn:ngsi-ld:Bench:3", 3)
    assert [int(event["id"]) for event in told] == [2, 3, 5]
    # The browser's own header is of the later moment.
    told = await events(f"{url}?after=1", 1, {"Last-Event-ID": "4"})
    assert [int(event["id"]) for event in told] == [5]


async def test_a_listener_is_told_where_it_begins(served: tuple[City, str]) -> None:
    city, url = served
    await write(city, 1)
    async with httpx2.AsyncClient(timeout=5) as client, client.stream("GET", url) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                assert msgspec.json.decode(line.removeprefix("data: ")) == {"position": 1}
                break


@pytest.mark.parametrize("query", ["after=-1", "after=x", "since=1", "&".join(f"entity=urn:x:{n}" for n in range(101))])
async def test_odd_wishes_are_refused(served: tuple[City, str], query: str) -> None:
    _, url = served
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{url}?{query}")
    assert answer.status_code == 400
    assert answer.json()["title"]


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
    assert feed.seen(event, SCOPE) is event
    assert feed.seen(event, msgspec.structs.replace(SCOPE, predicate=Nothing())) is None
    assert feed.seen(event, masked("colour")) is None


def masked(*names: str) -> Scope:
    return msgspec.structs.replace(SCOPE, attributes=frozenset(map(expand, names)))


async def change(city: City, mode: Mode, id_: str, kind: str, **values: int) -> None:
    attributes: Attributes = {
        expand(name): (Attribute(kind=Kind.PROPERTY, value=value),) for name, value in values.items()
    }
    entity = Entity(id=id_, types=(expand(kind),), attributes=attributes)
    await city.broker.write(Batch(changes=(Change(mode=mode, entity=entity),)), SCOPE)


async def test_attributes_that_are_hidden_are_not_named(served: tuple[City, str]) -> None:
    city, _ = served
    await change(city, Mode.CREATE, "urn:x:1", "Bench", seats=1, colour=2)
    event = event_of(city.broker.log(0)[0])
    seen = Feed(city.broker).seen(event, masked("colour", "height"))
    assert seen is not None
    assert msgspec.json.decode(seen.data)["attributes"] == ["colour"]
    assert msgspec.json.decode(event.data)["attributes"] == ["colour", "seats"]


@pytest.mark.parametrize("end", [Mode.DELETE, Mode.ERASE])
async def test_the_end_of_what_was_hidden_stays_hidden(served: tuple[City, str], end: Mode) -> None:
    city, _ = served
    feed, benches = Feed(city.broker), msgspec.structs.replace(SCOPE, predicate=OfType((expand("Bench"),)))
    for id_, kind in (("urn:x:1", "Bench"), ("urn:x:2", "Locker")):
        await change(city, Mode.CREATE, id_, kind, seats=1)
        await change(city, end, id_, kind)

    def told(scope: Scope) -> list[str]:
        events = [event_of(entry) for entry in city.broker.log(0)]
        return [seen.entity for event in events if event.deleted and (seen := feed.seen(event, scope))]

    # Whoever sees everything hears of both ends, with a mask as well; of what is erased nobody can be told who may not.
    assert told(SCOPE) == told(masked("height")) == ["urn:x:1", "urn:x:2"]
    assert told(benches) == (["urn:x:1"] if end is Mode.DELETE else [])


async def test_who_comes_back_under_an_id_shows_nothing_of_who_had_it(served: tuple[City, str]) -> None:
    city, _ = served
    await change(city, Mode.CREATE, "urn:x:1", "Locker", seats=1)
    await change(city, Mode.DELETE, "urn:x:1", "Locker")
    benches = msgspec.structs.replace(SCOPE, predicate=OfType((expand("Bench"),)), may_write=True)
    bench = Change(mode=Mode.CREATE, entity=Entity(id="urn:x:1", types=(expand("Bench"),)))
    ack = await city.broker.write(Batch(changes=(bench,)), benches)
    assert ack.outcomes[0].fault is Fault.NOT_FOUND
    feed = Feed(city.broker)
    assert not any(feed.seen(event_of(entry), benches) for entry in city.broker.log(0))


async def test_who_is_ahead_of_a_log_that_was_put_back_reads_anew(served: tuple[City, str]) -> None:
    city, url = served
    await write(city, 1)
    newest = city.broker.position()
    for where, headers in ((f"{url}?after={newest + 5}", {}), (url, {"last-event-id": "999999"})):
        (told,) = await events(where, 1, headers)
        assert (told["event"], told["id"]) == ("resync", str(newest))
    listening = asyncio.create_task(events(f"{url}?after={newest}", 1))
    await asyncio.sleep(0.3)
    await write(city, 2)
    (told,) = await listening
    assert (told["event"], told["id"]) == ("change", str(newest + 1)), "who is where the log is misses nothing"
