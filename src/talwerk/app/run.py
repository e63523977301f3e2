"""Running a city: one engine that writes and one or more processes that serve, or all of it in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Coroutine
from functools import partial
from typing import Any

import uvloop
from starlette.types import ASGIApp, Message

from talwerk.core.instants import SystemClock
from talwerk.processes import logs
from talwerk.processes.duties import on_duty
from talwerk.processes.serve import listen, serve
from talwerk.processes.supervisor import Part as Process
from talwerk.processes.supervisor import Supervisor
from talwerk.settings import Settings

from .city import City, Part, open_city
from .duties import duties
from .web import endpoint


def run(settings: Settings) -> None:
    """Start the city and keep it running until a signal asks to stop.

    Raises:
        DomainError: the port is taken, the data belong to another city, another process writes already.
    """
    logs.configure(settings.log_level, settings.log_format)
    with contextlib.closing(listen(settings.host, settings.port)) as door:
        if settings.single:
            _in_loop(_serve(settings, door, Part.WRITER, announce=True))
            return
        _in_loop(_rehearse(settings))
        # Only the first tells the operator that the city is up.
        serves = [
            Process(f"serve {n}", lambda n=n: _in_loop(_serve(settings, door, Part.READER, announce=n == 1)))  # type: ignore[misc]
            for n in range(1, settings.serve_processes + 1)
        ]
        Supervisor([Process("engine", lambda: _in_loop(_engine(settings))), *serves], SystemClock()).run()


async def _rehearse(settings: Settings) -> None:
    """Find everything that can be wrong before the first process starts, and load once what all of them share."""
    async with open_city(settings, part=Part.WRITER) as city:
        await _visit(endpoint(city), "/de")


async def _visit(application: ASGIApp, path: str) -> None:
    """Ask for a page as a browser would: whatever the first visitor would wait for is loaded then."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept", b"text/html")],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        """The answer is for nobody."""

    await application(scope, receive, send)


def _in_loop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _engine(settings: Settings) -> None:
    """Write until a signal asks to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_city(settings, part=Part.WRITER) as city, on_duty(duties(city), city.roster):
        await stop.wait()


async def _serve(settings: Settings, door: socket.socket, part: Part, *, announce: bool) -> None:
    async with contextlib.AsyncExitStack() as stack:
        city = await stack.enter_async_context(open_city(settings, part=part))
        if part is Part.WRITER:
            await stack.enter_async_context(on_duty(duties(city), city.roster))
        ready = partial(_welcome, city, door.getsockname()[1]) if announce else _nothing
        await serve(endpoint(city), door, ready, city.ending)


def _flags(settings: Settings) -> str:
    """What commands need to find this city, when it is not the one of the defaults."""
    return "" if settings.city == Settings().city else f" --city {settings.city}"


def _nothing() -> None:
    """Say nothing: another process does."""


def _welcome(city: City, port: int) -> None:
    """Tell the operator that the city is up: its address and five things to try."""
    base = f"http://localhost:{port}"
    flags = _flags(city.settings)
    where = f" --data {city.settings.data}" if city.settings.data != Settings().data else ""
    print(  # noqa: T201 - the one thing that the terminal is for
        f"""
Talwerk {city.profile.city.name} is up: {base}
Data: {city.directory}

Five things to try:
  1  Look at the city          {base}/de
  2  Give it an example        talwerk sample{flags} && talwerk replay sample.csv --mapping sample.toml{flags}{where}
  3  Ask what there is         curl {base}/ngsi-ld/v1/types
  4  Read a river as a table   curl {base}/api/v1/stations
  5  Write as the operator     curl {base}/ngsi-ld/v1/entities -H "Authorization: Bearer $(talwerk token{where})" \\
                                 -H 'Content-Type: application/json' \\
                                 -d '{{"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "seats": {{"value": 4}}}}'
""",
        flush=True,
    )
