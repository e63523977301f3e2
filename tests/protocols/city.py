"""A city in a temporary directory: a real store, the real guard, and a client that speaks to them in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from talwerk.broker import Broker
from talwerk.broker.ports import WriterState
from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, parse_instant
from talwerk.core.scope import Scope
from talwerk.privacy.principals import Credentials
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.processes.marking import Marking
from talwerk.processes.workers.pool import Pool
from talwerk.protocols import http, ngsild
from talwerk.store import Submission
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.limits import Limits

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
    """Marks and applies each batch at once, off the event loop as the engine does."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._marking = Marking(store.nature)

    def state(self) -> WriterState:
        return WriterState(position=self._store.position())

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        (result,) = await asyncio.to_thread(self._apply, batch, scope)
        if isinstance(result, DomainError):
            raise result
        return result

    def _apply(self, batch: Batch, scope: Scope) -> Sequence[Ack | DomainError]:
        return self._store.apply([Submission(self._marking.marked(batch), scope)])


class City(msgspec.Struct, frozen=True):
    """What a test works with.

    Attributes:
        public: a client without credentials.
        operator: a client with the operator's token.
        broker: the broker behind both.
        clock: its time.
        credentials: of the data directory.
        app: the whole application, for requests that no client would send.
        workers: for large bodies.
    """

    public: httpx2.AsyncClient
    operator: httpx2.AsyncClient
    broker: Broker
    clock: FixedClock
    credentials: Credentials
    app: ASGIApp
    workers: Pool


@asynccontextmanager
async def open_city(
    directory: Path,
    *,
    dev_open_writes: bool = False,
    limits: Limits | None = None,
    contexts: ngsild.Contexts | None = None,
) -> AsyncIterator[City]:
    clock = FixedClock()
    store = SqliteStore.open(directory / "city.db", clock, limits=limits)
    try:
        broker = Broker(store, DirectWriter(store), OpenSeal(), OpenDataLog())
        credentials = Credentials.open(directory)
        workers = Pool(2, 512)
        app = http.guarded(
            Starlette(routes=ngsild.routes(broker, clock, workers, contexts)),
            credentials=credentials,
            hosts=("city.example",),
            dev_open_writes=dev_open_writes,
        )
        async with workers, client_of(app) as public, client_of(app, credentials.operator_token) as operator:
            yield City(public, operator, broker, clock, credentials, app, workers)
    finally:
        store.close()


def client_of(app: Any, token: str | None = None) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8080", headers=headers)


async def create(city: City, *entities: dict[str, Any]) -> None:
    for entity in entities:
        answer = await city.operator.post(ENTITIES, json=entity)
        assert answer.status_code == 201, answer.text


class Raw(msgspec.Struct, frozen=True):
    """What came back for a request that no client would send."""

    status: int
    headers: dict[str, str]
    body: bytes

    def fault(self) -> str:
        kind: str = msgspec.json.decode(self.body)["type"]
        return kind.replace(":", "/").rpartition("/")[2]


async def send_raw(
    city: City,
    method: str,
    address: str,
    headers: list[tuple[bytes, bytes]],
    chunks: list[bytes] | None = None,
    *,
    operator: bool = True,
) -> Raw:
    """Send a request below the level of HTTP libraries; without chunks the client goes away in the middle."""
    path, _, query = address.partition("?")
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ] if chunks is not None else [{"type": "http.request", "body": b"[", "more_body": True}]  # fmt: skip
    messages.append({"type": "http.disconnect"})
    answered: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        answered.append(message)

    if operator:
        headers = [*headers, (b"authorization", f"Bearer {city.credentials.operator_token}".encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": ("192.0.2.7", 4711),
        "server": ("192.0.2.1", 8080),
    }
    await city.app(scope, receive, send)
    if not answered:
        return Raw(0, {}, b"")
    names = {name.decode(): value.decode() for name, value in answered[0]["headers"]}
    return Raw(answered[0]["status"], names, b"".join(message.get("body", b"") for message in answered[1:]))
