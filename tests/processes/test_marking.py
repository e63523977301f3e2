"""What the engine writes into a city of simulated values is marked as simulated, and only there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from talwerk.core.change import Ack, Batch, Change, Mode, Observations, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.instants import SystemClock
from talwerk.core.series import Nature
from talwerk.privacy.policy import system_scope
from talwerk.processes.engine import Engine
from talwerk.processes.marking import Marking
from talwerk.store.sqlite import SqliteStore

SCOPE = system_scope("test")
LEVEL = "urn:x:level"


def observed(entity: str, *, simulated: bool = False) -> Batch:
    """What the interface makes of an entity with an ``observedAt``."""
    value = Attribute(kind=Kind.PROPERTY, value=4, observed=SystemClock().now())
    given = Entity(id=entity, types=("urn:x:Gauge",), attributes={LEVEL: (value,)})
    return Batch(changes=(Change(mode=Mode.UPDATE, entity=given, provenance=Provenance(simulated=simulated)),))


def column(entity: str, *, simulated: bool = False) -> Batch:
    """What a device or a file brings."""
    one = Observations(
        entity=entity,
        types=("urn:x:Gauge",),
        attribute=LEVEL,
        at=[SystemClock().now()],
        values=[1.5],
        provenance=Provenance(source="gauge", simulated=simulated),
    )
    return Batch(changes=(one,))


class Bench:
    def __init__(self, store: SqliteStore, engine: Engine) -> None:
        self.store, self.engine = store, engine

    async def write(self, *batches: Batch) -> list[Ack]:
        """Hand them over at the same moment, so that they come into one group."""
        return await asyncio.gather(*(self.engine.submit(batch, SCOPE) for batch in batches))

    def simulated(self) -> dict[str, bool]:
        return {one.entity: one.provenance.simulated for one in self.store.series(SCOPE)}


@contextlib.asynccontextmanager
async def engine(folder: Path, *, twin: bool = False) -> AsyncIterator[Bench]:
    store = SqliteStore.open(folder / "city.db", SystemClock())
    with contextlib.closing(store):
        async with Engine(store, 100, marking=Marking(store.nature, twin=twin)) as running:
            yield Bench(store, running)


@pytest.mark.parametrize("write", [observed, column])
async def test_a_twin_marks_whatever_comes_also_before_its_first_value(
    write: Callable[..., Batch], tmp_path: Path
) -> None:
    async with engine(tmp_path, twin=True) as bench:
        await bench.write(write("urn:x:1"), write("urn:x:2", simulated=True))
        assert bench.simulated() == {"urn:x:1": True, "urn:x:2": True}
        assert bench.store.nature() is Nature.SIMULATED


async def test_a_city_becomes_simulated_with_its_first_observation(tmp_path: Path) -> None:
    async with engine(tmp_path) as bench:
        # A name without a time is a statement, and decides nothing.
        await bench.write(
            Batch(
                changes=(
                    Change(
                        mode=Mode.UPDATE,
                        entity=Entity(
                            id="urn:x:0",
                            types=("urn:x:Bench",),
                            attributes={"urn:x:seats": (Attribute(kind=Kind.PROPERTY, value=4),)},
                        ),
                    ),
                )
            )
        )
        assert bench.simulated() == {"urn:x:0": False}
        await bench.write(column("urn:x:1", simulated=True), observed("urn:x:2"), column("urn:x:3"))
        assert bench.simulated() == {"urn:x:0": False, "urn:x:1": True, "urn:x:2": True, "urn:x:3": True}
    async with engine(tmp_path) as bench:
        await bench.write(observed("urn:x:4"))
        assert bench.simulated()["urn:x:4"], "the next start knows it as well"


async def test_a_city_that_measures_marks_nothing_and_refuses_what_is_simulated(tmp_path: Path) -> None:
    def done(acks: Sequence[Ack]) -> list[str]:
        return [outcome.done.value for ack in acks for outcome in ack.outcomes]

    async with engine(tmp_path) as bench:
        acks = await bench.write(observed("urn:x:1"), column("urn:x:2", simulated=True), observed("urn:x:3"))
        assert done(acks) == ["created", "failed", "created"]
        assert bench.simulated() == {"urn:x:1": False, "urn:x:3": False}
        assert bench.store.nature() is Nature.MEASURED
