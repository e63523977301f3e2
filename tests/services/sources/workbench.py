"""A source polled from a recording server into a real store."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from talwerk import connectors
from talwerk.broker import Broker
from talwerk.core.entity import Entity
from talwerk.core.instants import Instant, SystemClock
from talwerk.core.query import Page, Query, Window
from talwerk.core.series import Points, SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy import policy
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.profile import Profile
from talwerk.services.outgoing import Egress
from talwerk.services.sources.discovery import discover
from talwerk.services.sources.feed import Feed, feed
from talwerk.services.sources.fetching import Fetcher, Patience
from talwerk.services.sources.polling import Heavy, Poll, Tools
from talwerk.services.sources.writing import Writing
from talwerk.store.sqlite import SqliteStore
from tests.protocols.city import DirectWriter
from tests.recording_server import Recorded, Reply, replies

RECORDING = Path(str(connectors.__file__)).parent / "recordings" / "hochwasserportal_nrw"
SCOPE = policy.system_scope("sources")
KLUSE, BUCHENHOFEN = "2736510000100", "2736510000300"
WEEK_KLUSE, WEEK_BUCHENHOFEN = f"/100/{KLUSE}/S/week.json", f"/100/{BUCHENHOFEN}/S/week.json"
HASTY = Patience(connect_s=1.0, read_s=0.3, whole_s=0.8, gap_s=0.0)
HEIGHT = expand("height")


class MovableClock(SystemClock):
    """The machine's clock, with both of its times moved."""

    def __init__(self) -> None:
        self.by_us = 0
        self.ahead_s = 0.0

    def now(self) -> Instant:
        return Instant(super().now() + self.by_us)

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


def profile(address: str, *, every_s: int = 300, stale_s: int = 5_400) -> Profile:
    """A city with two gauges of the recording, the first with levels of its own."""
    text = f"""
        points = [
            {{ key = "kluse", name = "Kluse", quantity = "level", type = "WaterObserved", attribute = "height",
              unit = "CMT", entities = ["hochwasserportal-nrw:{KLUSE}"] }},
        ]
        [city]
        key = "stadt"
        name = "Stadt"
        ags = "05124000"
        ars = "051240000000"
        [[sources]]
        key = "hochwasserportal-nrw"
        connector = "hochwasserportal-nrw"
        address = "{address}"
        things = ["{BUCHENHOFEN}"]
        every_s = {every_s}
        stale_s = {stale_s}
    """.replace("\n              ", " ")
    return parse_declaration(text, Profile, "test")


@dataclass(repr=False)
class Bench:
    """One poll, and what came of it."""

    poll: Poll
    feed: Feed
    broker: Broker
    writing: Writing
    clock: MovableClock
    tools: Tools
    recorded: Recorded

    async def round(self) -> None:
        """Ask everything that is due now."""
        while self.poll.due_s <= self.clock.monotonic_s():
            await self.poll.step()

    async def until_asked(self, ending: str, times: int = 1) -> None:
        """Let time pass by leaps until a path was asked for so many times more."""
        wanted = self.recorded.count(ending) + times
        for _ in range(200):
            if self.recorded.count(ending) >= wanted:
                return
            self.clock.ahead_s += max(0.0, self.poll.due_s - self.clock.monotonic_s())
            await self.poll.step()
        raise AssertionError(f"{ending} was not asked for")

    def points(self, native: str) -> Points:
        key = SeriesKey(entity=self.feed.entity("WaterObserved", native), attribute=HEIGHT)
        return self.broker.points(key, Window(), SCOPE)

    def values(self, native: str) -> list[float]:
        return self.points(native).values

    def things(self, kind: str) -> tuple[Entity, ...]:
        return self.broker.read(Query(types=(expand(kind),)), SCOPE).entities

    def entity(self, native: str) -> Entity:
        query = Query(ids=(self.feed.entity("WaterObserved", native),), page=Page(limit=1))
        return self.broker.read(query, SCOPE).entities[0]


@asynccontextmanager
async def polled(
    folder: Path,
    recorded: Recorded,
    *,
    heavy: Heavy | None = None,
    patience: Patience = HASTY,
    city: Profile | None = None,
    egress: Egress | None = None,
    beside: Path | None = None,
    simulated: bool = True,
) -> AsyncIterator[Bench]:
    clock = MovableClock()
    store = SqliteStore.open(folder / "city.db", clock)
    fetcher = Fetcher(egress or Egress(), clock, patience, simulated=simulated)
    try:
        broker = Broker(store, DirectWriter(store), OpenSeal(), OpenDataLog())
        city = city or profile(recorded.address)
        made = feed(city.sources[0], city, discover(), beside)
        writing = Writing(broker, SCOPE, clock=clock)
        tools = Tools(fetcher=fetcher, writing=writing, clock=clock, heavy=heavy, dice=random.Random(1))
        poll = Poll(made, tools, writing.newest(made, clock.now()))
        yield Bench(poll, made, broker, writing, clock, tools, recorded)
    finally:
        await fetcher.close()
        store.close()


def answers(ahead_us: int = 0) -> dict[str, Reply]:
    """The recording as if it were of now."""
    return replies(RECORDING, Instant(SystemClock().now() + ahead_us))
