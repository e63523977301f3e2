"""A city in a temporary directory, and files for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from talwerk import cities
from talwerk.broker import Broker
from talwerk.broker.ports import WriterState
from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, parse_instant
from talwerk.core.query import Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Points, SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.services.replay.plan import Plan, plan
from talwerk.services.replay.replay import replay
from talwerk.services.replay.report import Report
from talwerk.store import Store, Submission
from talwerk.store.sqlite import SqliteStore

SCOPE = system_scope("replay")
PROFILE = cities.load("wuppertal")

MAPPING = """
delimiter = ";"

[source]
key = "test"

[time]
column = "time"
offset = "Z"

[[channel]]
column = "level"
target = "A gauge"
entity = "gauge"
type = "WaterObserved"
attribute = "height"
unit = "CMT"
cadence_s = 900
"""
GAUGE = "urn:ngsi-ld:WaterObserved:05124000:test:gauge"


class FixedClock:
    """A clock that stands still, except that every look at it costs a microsecond."""

    def __init__(self, now: str = "2026-01-01T00:00:00Z") -> None:
        self.instant = parse_instant(now)
        self.looks = 0

    def now(self) -> Instant:
        return self.instant

    def monotonic_s(self) -> float:
        self.looks += 1
        return self.looks / 1_000_000


class DirectWriter:
    """Writes every batch by itself and remembers it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.batches: list[Batch] = []

    def state(self) -> WriterState:
        return WriterState()

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        self.batches.append(batch)
        answer = self.store.apply([Submission(batch, scope)])[0]
        if isinstance(answer, DomainError):
            raise answer
        return answer


class Bench:
    """A city, and what one does with files in it."""

    def __init__(self, folder: Path, store: Store, clock: FixedClock) -> None:
        self.folder = folder
        self.clock = clock
        self.writer = DirectWriter(store)
        self.broker = Broker(store, self.writer, OpenSeal(), OpenDataLog())

    def plan(self, mapping: str = MAPPING) -> Plan:
        path = self.folder / "map.toml"
        path.write_text(mapping, encoding="utf-8")
        return plan(read_mapping(path), PROFILE)

    def recording(self, content: str | bytes) -> TableFile:
        path = self.folder / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return TableFile(path, "table.csv")

    async def replay(self, content: str | bytes | Path, mapping: str = MAPPING) -> Report:
        recording = TableFile(content, content.name) if isinstance(content, Path) else self.recording(content)
        return await replay(recording, self.plan(mapping), self.broker, SCOPE, clock=self.clock)

    def points(self, entity: str = GAUGE, attribute: str = "height") -> Points:
        return self.broker.points(SeriesKey(entity=entity, attribute=expand(attribute)), Window(), SCOPE)

    def is_empty(self) -> bool:
        """Whether nothing at all was written."""
        entities = self.broker.read(Query(), SCOPE).entities
        return not (entities or self.broker.series(SCOPE) or self.broker.position() or self.writer.batches)


@contextmanager
def opened(folder: Path, now: str = "2026-01-01T00:00:00Z") -> Iterator[Bench]:
    clock = FixedClock(now)
    store = SqliteStore.open(folder / "city.db", clock)
    try:
        yield Bench(folder, store, clock)
    finally:
        store.close()
