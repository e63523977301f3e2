"""A city in a temporary directory: a real store, the real guard, and a client that speaks to them in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.applications import Starlette

from talwerk.broker import Broker
from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, parse_instant
from talwerk.core.scope import Scope
from talwerk.privacy.principals import Credentials
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.protocols import http, ngsild
from talwerk.store import Submission
from talwerk.store.sqlite import SqliteStore

NOW = parse_instant("2026-11-20T12:00:00Z")
ENTITIES = "/ngsi-ld/v1/entities"
TEMPORAL = "/ngsi-ld/v1/temporal/entities"
UPSERT = "/ngsi-ld/v1/entityOperations/upsert"
CREATE = "/ngsi-ld/v1/entityOperations/create"
TYPES = "/ngsi-ld/v1/types"


class FixedClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Instant:
        return self.at

    def monotonic_s(self) -> float:
        return 0.0


class DirectWriter:
    """Applies each batch at once, off the event loop as the engine does."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def ready(self) -> bool:
        return True

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        (result,) = await asyncio.to_thread(self._store.apply, [Submission(batch, scope)])
        if isinstance(result, DomainError):
            raise result
        return result


class City(msgspec.Struct, frozen=True):
    """What a test works with.

    Attributes:
        public: a client without credentials.
        operator: a client with the operator's token.
        broker: the broker behind both.
        clock: its time.
        credentials: of the data directory.
    """

    public: httpx2.AsyncClient
    operator: httpx2.AsyncClient
    broker: Broker
    clock: FixedClock
    credentials: Credentials


@asynccontextmanager
async def open_city(directory: Path, *, dev_open_writes: bool = False) -> AsyncIterator[City]:
    clock = FixedClock()
    store = SqliteStore.open(directory / "city.db", clock)
    try:
        broker = Broker(store, DirectWriter(store), OpenSeal(), OpenDataLog())
        credentials = Credentials.open(directory)
        app = http.guarded(
            Starlette(routes=ngsild.routes(broker, clock), exception_handlers=http.exception_handlers),
            credentials=credentials,
            hosts=("city.example",),
            dev_open_writes=dev_open_writes,
        )
        async with client_of(app) as public, client_of(app, credentials.operator_token) as operator:
            yield City(public, operator, broker, clock, credentials)
    finally:
        store.close()


def client_of(app: Any, token: str | None = None) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8080", headers=headers)


async def create(city: City, *entities: dict[str, Any]) -> None:
    for entity in entities:
        answer = await city.operator.post(ENTITIES, json=entity)
        assert answer.status_code == 201, answer.text
