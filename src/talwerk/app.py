"""The composition root: the only place that wires everything together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from talwerk import cities
from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, SystemClock
from talwerk.core.scope import Scope
from talwerk.privacy import policy
from talwerk.privacy.principals import Credentials
from talwerk.privacy.seal import OpenDataLog, OpenSeal
from talwerk.processes.directory import DATABASE, prepare, writing_right
from talwerk.processes.door import RemoteWriter, open_door
from talwerk.processes.engine import Engine
from talwerk.sdk.profile import Profile
from talwerk.settings import Settings
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.limits import Limits


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A city that is open: what pages, protocols and commands work with.

    Attributes:
        settings: as the operator wants it.
        directory: where its data lies.
        profile: what is particular to this city.
        clock: its source of time.
        broker: the one way in and out of its data.
        credentials: who may write.
    """

    settings: Settings
    directory: Path
    profile: Profile
    clock: Clock
    broker: Broker
    credentials: Credentials

    def system_scope(self, name: str) -> Scope:
        """The Scope of one of the city's own writers, for example ``replay``."""
        return policy.system_scope(name)


@contextlib.asynccontextmanager
async def open_city(settings: Settings, clock: Clock | None = None, *, alone: bool = False) -> AsyncIterator[City]:
    """Open the city's data: as the writer, or, when another process writes already, through that one.

    Args:
        settings: which city, and where its data lies.
        clock: the source of time, the machine's when None.
        alone: insist on being the writer.

    Raises:
        DomainError: Busy when ``alone`` and another process writes; InvalidRequest for an unknown city or a
            directory that holds another city's data.
    """
    clock = clock or SystemClock()
    profile = cities.load(settings.city)
    directory = settings.data / profile.city.key
    prepare(directory, profile.city.key)
    async with contextlib.AsyncExitStack() as stack:
        writing = stack.enter_context(writing_right(directory))
        if alone and not writing:
            raise DomainError(Fault.BUSY, f"Another Talwerk runs on {directory} already.")
        limits = Limits(budget_s=settings.query_budget_ms / 1_000)
        store = SqliteStore.open(directory / DATABASE, clock, readonly=not writing, limits=limits)
        stack.callback(store.close)
        writer: Engine | RemoteWriter
        if writing:
            writer = await stack.enter_async_context(Engine(store, settings.queue_max))
            await stack.enter_async_context(open_door(directory, writer))
        else:
            writer = await stack.enter_async_context(RemoteWriter(directory))
        yield City(
            settings=settings,
            directory=directory,
            profile=profile,
            clock=clock,
            broker=Broker(store, writer, OpenSeal(), OpenDataLog()),
            credentials=Credentials.open(settings.data),
        )


def routes(city: City) -> list[BaseRoute]:
    """Every address that the city answers; ``docs/api.md`` explains them."""
    from talwerk.portal.site import portal_routes
    from talwerk.protocols import health, ngsild, plain

    return [
        *health.routes(city.broker),
        *ngsild.routes(city.broker, city.clock),
        *plain.routes(city.broker, city.clock),
        *portal_routes(city.broker, city.profile, city.clock),
    ]


def endpoint(city: City) -> ASGIApp:
    """Everything that answers HTTP, behind the one guard that knows who asks."""
    from talwerk.protocols import http

    return http.guarded(
        Starlette(routes=routes(city)),
        credentials=city.credentials,
        hosts=city.settings.hosts,
        dev_open_writes=city.settings.dev_open_writes,
    )


def run(settings: Settings) -> None:
    """Start the city and serve it until a signal asks to stop.

    Raises:
        DomainError: the port is taken, the data belong to another city, another process writes already.
    """
    import uvloop

    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from talwerk.processes.serve import listen, serve

    door = listen(settings.host, settings.port)
    try:
        async with open_city(settings, alone=True) as city:
            port = door.getsockname()[1]
            await serve(endpoint(city), door, lambda: print(welcome(city, port), flush=True))  # noqa: T201
    finally:
        door.close()


def welcome(city: City, port: int) -> str:
    """What the operator reads when the city is up: its address and five things to try."""
    base = f"http://localhost:{port}"
    name = city.profile.city.name
    return f"""
Talwerk {name} is up: {base}
Data: {city.directory}

Five things to try:
  1  Look at the city          {base}/de
  2  Give it an example        talwerk sample && talwerk replay sample.csv --mapping sample.toml
  3  Ask what there is         curl {base}/ngsi-ld/v1/types
  4  Read a river as a table   curl {base}/api/v1/stations
  5  Write as the operator     curl {base}/ngsi-ld/v1/entities -H "Authorization: Bearer $(talwerk token)" \\
                                 -H 'Content-Type: application/json' \\
                                 -d '{{"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "seats": {{"value": 4}}}}'
"""
