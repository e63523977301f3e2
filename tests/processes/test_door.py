"""The engine's door on a real store: one process writes, others hand their batches over."""

from __future__ import annotations

import asyncio
import itertools
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from talwerk.app import City, Part, open_city
from talwerk.core.change import Ack, Batch, Change, Done, Mode
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import And, Compare, Moment, OfType, Operator, Page, Query, Range
from talwerk.core.query import Path as QueryPath
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.processes import door
from talwerk.processes.door import NAME, RemoteWriter, Request
from talwerk.processes.engine import Engine
from talwerk.settings import Settings

if TYPE_CHECKING:
    from talwerk.store import Store

SEATS = expand("seats")


def bench(number: int, seats: int = 4) -> Change:
    seat = Attribute(kind=Kind.PROPERTY, value=seats)
    entity = Entity(id=f"urn:ngsi-ld:Bench:{number}", types=(expand("Bench"),), attributes={SEATS: (seat,)})
    return Change(mode=Mode.UPDATE, entity=entity)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    # A deep directory: the path of the socket would not fit into the 108 bytes that the system allows.
    async with open_city(Settings(data=tmp_path / ("deep" * 20))) as opened:
        yield opened


async def test_a_second_opening_writes_through_the_first(city: City) -> None:
    async with open_city(city.settings) as second:
        batches = (second.broker.write(Batch(changes=(bench(n),)), system_scope("test")) for n in range(50))
        acks: list[Ack] = await asyncio.gather(*batches)
        assert [ack.outcomes[0].done for ack in acks] == [Done.CREATED] * 50
        page = city.broker.read(Query(types=(expand("Bench"),)), system_scope("test"))
        assert len(page.entities) == 20
        assert second.broker.position() == city.broker.position() >= max(ack.position for ack in acks)


async def test_who_insists_on_writing_alone_is_refused(city: City) -> None:
    with pytest.raises(DomainError, match="Another Talwerk runs") as caught:
        async with open_city(city.settings, part=Part.WRITER):
            pass
    assert caught.value.fault is Fault.BUSY


async def test_only_the_owner_may_open_the_door(city: City) -> None:
    assert stat.S_IMODE((city.directory / NAME).stat().st_mode) == 0o600


async def test_a_stranger_at_the_door_hurts_nobody(city: City) -> None:
    with door._short_path(city.directory) as path:
        reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"\x00\x00\x00\x05hello")
    # The engine's first pulse, then the end: a stranger gets no answer.
    assert (await reader.read()).count(b"type") == 1
    writer.close()
    ack = await city.broker.write(Batch(changes=(bench(1),)), system_scope("test"))
    assert ack.outcomes[0].done is Done.CREATED


async def test_an_engine_that_is_gone_is_busy_and_found_again(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with open_city(settings) as first:
        directory = first.directory
    async with RemoteWriter(directory, patience_s=0.1) as writer:
        with pytest.raises(DomainError, match="No engine answers") as caught:
            await writer.submit(Batch(changes=(bench(1),)), system_scope("test"))
        assert caught.value.fault is Fault.BUSY
        assert writer.state().trouble
        async with open_city(settings):
            patient = RemoteWriter(directory)
            async with patient:
                ack = await patient.submit(Batch(changes=(bench(1),)), system_scope("test"))
            assert ack.outcomes[0].done is Done.CREATED


class _SlowStore:
    """Stands for a disk that takes its time; everything else is the engine's own."""

    def __init__(self) -> None:
        self.groups: list[int] = []

    def position(self) -> int:
        return 0

    def apply(self, submissions: list[object]) -> list[Ack]:
        self.groups.append(len(submissions))
        return [Ack(position=1, outcomes=()) for _ in submissions]


async def test_what_arrives_during_a_commit_is_the_next_group_and_a_full_queue_refuses() -> None:
    store = _SlowStore()
    async with Engine(cast("Store", store), queue_max=10) as engine:
        batch, scope = Batch(changes=(bench(1),)), system_scope("test")
        waiting = [asyncio.create_task(engine.submit(batch, scope)) for _ in range(30)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [r for r in results if isinstance(r, DomainError)]
    assert refused
    assert {error.fault for error in refused} == {Fault.BUSY}
    assert sum(store.groups) == 30 - len(refused)
    assert max(store.groups) > 1


async def test_a_failing_store_fails_the_group_and_not_the_engine() -> None:
    class Broken(_SlowStore):
        def apply(self, submissions: list[object]) -> list[Ack]:
            super().apply(submissions)
            if len(self.groups) == 1:
                raise OSError("the disk is on fire")
            return [Ack(position=1, outcomes=()) for _ in submissions]

    async with Engine(cast("Store", Broken()), queue_max=10) as engine:
        batch, scope = Batch(changes=(bench(1),)), system_scope("test")
        with pytest.raises(DomainError) as caught:
            await engine.submit(batch, scope)
        assert caught.value.fault is Fault.INTERNAL
        assert (await engine.submit(batch, scope)).position == 1


def test_scopes_survive_the_wire() -> None:
    path = QueryPath(attribute=SEATS)
    predicate = And(
        (OfType((expand("Bench"),)), Compare(path, Operator.EQUAL, (1, "a", True, Moment(5), Range(1.5, 2.5))))
    )
    scope = system_scope("test")
    narrowed = type(scope)(
        tenant=scope.tenant,
        principal=scope.principal,
        may_write=True,
        predicate=predicate,
        attributes=frozenset({SEATS}),
    )
    request = Request(1, Batch(changes=(bench(1),)), narrowed)
    assert door._requests.decode(door._encoder.encode(request)) == request


async def test_a_caller_that_left_before_its_answer_hurts_nobody(city: City) -> None:
    with door._short_path(city.directory) as path:
        _, writer = await asyncio.open_unix_connection(str(path))
    stranger = door._Sender(writer)
    for number in range(20):
        stranger.send(Request(number, Batch(changes=(bench(number),)), system_scope("test")))
    stranger.close()
    ack = await city.broker.write(Batch(changes=(bench(99),)), system_scope("test"))
    assert ack.outcomes[0].done is Done.CREATED
    with pytest.raises(ConnectionResetError):
        stranger.send(Request(0, Batch(changes=(bench(1),)), system_scope("test")))


async def test_an_engine_that_ends_in_order_costs_a_writer_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    numbers = itertools.count(1)
    over = asyncio.Event()

    async def keep_writing(writer: RemoteWriter) -> list[Done]:
        done = []
        while not over.is_set():
            # Created, not updated: a batch that was taken twice would say so.
            change = msgspec.structs.replace(bench(next(numbers)), mode=Mode.CREATE)
            ack = await writer.submit(Batch(changes=(change,)), system_scope("test"))
            done.append(ack.outcomes[0].done)
        return done

    async with open_city(settings) as first:
        directory = first.directory
    async with RemoteWriter(directory) as writer:
        writers = [asyncio.create_task(keep_writing(writer)) for _ in range(20)]
        for _ in range(5):
            async with open_city(settings):
                await writer.connected(5)
                await asyncio.sleep(0.1)
        async with open_city(settings) as last:
            await writer.connected(5)
            over.set()
            results = [done for written in await asyncio.gather(*writers) for done in written]
            page = last.broker.read(
                Query(types=(expand("Bench"),), page=Page(limit=0, count=True)), system_scope("test")
            )
    assert set(results) == {Done.CREATED}
    assert page.total == len(results) == next(numbers) - 1
