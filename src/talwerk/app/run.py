"""Running a city: one engine that writes and one or more processes that serve, or all of it in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import uvloop
from starlette.types import ASGIApp, Message

from talwerk.core.instants import SystemClock
from talwerk.processes import logs
from talwerk.processes.duties import on_duty
from talwerk.processes.notify import notify
from talwerk.processes.serve import listen, serve
from talwerk.processes.supervisor import Part as Process
from talwerk.processes.supervisor import Ready, Supervisor
from talwerk.processes.tls import Tls, show_instead
from talwerk.settings import Settings

from .city import City, Part, open_city
from .duties import duties
from .feeds import Course, Feeds, course, refuse_second
from .running import Running
from .web import endpoint
from .welcome import Greeting, welcome


def run(settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
    """Start the city and keep it running until a signal asks to stop.

    Args:
        settings: as they are now.
        reread: the settings as they are when SIGHUP asks for them; the same ones when None.

    Raises:
        DomainError: the city runs already, others could reach it and it is not ready for that, a certificate cannot be
            used, the port is taken, the data belong to another city, another process writes already.
    """
    logs.configure(settings.log_level, settings.log_format)
    running = Running(settings, reread or (lambda: settings))
    refuse_second(settings)
    with contextlib.closing(listen(settings.host, settings.port)) as door:
        feeds = Feeds(settings, door.getsockname()[:2])
        if settings.single:
            with feeds.known():
                _in_loop(_alone(running, feeds, door))
                if feeds.go_over():
                    _in_loop(_alone(running, feeds, door))
            return
        _in_loop(_rehearse(settings))
        with feeds.known():
            plan = _Plan(running, feeds, door)
            Supervisor(plan.parts(), SystemClock(), plan.renewed, door.close).run()


class _Plan:
    """Which processes there are; a reload makes the next ones."""

    def __init__(self, running: Running, feeds: Feeds, door: socket.socket) -> None:
        self._running = running
        self._feeds = feeds
        self._door = door
        self._engine: Process | None = None
        self._twin: Process | None = None
        self._announced = Greeting.WELCOME

    def parts(self) -> list[Process]:
        """The processes that the settings ask for; the engine is the same as long as they do not change."""
        settings, tls = self._feeds.settings(self._running.settings), self._running.tls

        def written(ready: Ready) -> None:
            # Held open here, it would let clients in that nobody answers when the city ends.
            self._door.close()
            _in_loop(_engine(settings, course(self._feeds, settings), ready))

        def simulated(ready: Ready) -> None:
            self._door.close()
            self._feeds.serve_twin(ready)

        if self._engine is None:
            self._engine = Process("engine", written, alone=True)
        if self._twin is None and self._feeds.twin:
            self._twin = Process("twin", simulated)
        # Only the first tells the operator that the city is up, and only once.
        greeting, self._announced = self._announced, Greeting.NONE

        def served(ready: Ready, *, first: bool) -> None:
            _in_loop(_serve(settings, tls, self._door, ready, greeting if first else Greeting.NONE))

        numbers = range(1, settings.serve_processes + 1)
        serving = [Process(f"serve {n}", partial(served, first=n == 1)) for n in numbers]
        return [*([self._twin] if self._twin is not None else []), self._engine, *serving]

    def renewed(self) -> list[Process] | None:
        """The same after a reload, None when the new settings cannot be used."""
        if self._feeds.go_over():
            self._engine, self._announced = None, Greeting.GONE_OVER
            return self.parts()
        before = self._running.settings
        if not self._running.renew():
            return None
        # The engine polls feeds, and would go on with the authorities as they were in the file at its start.
        if self._running.settings != before or before.ca_file is not None:
            self._engine = None
        return self.parts()


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
        "headers": [(b"host", b"localhost"), (b"accept", b"text/html"), (b"sec-purpose", b"prefetch")],
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


async def _engine(settings: Settings, feeds: Course, ready: Ready) -> None:
    """Write until a signal asks to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_city(settings, part=Part.WRITER) as city, on_duty(duties(city, feeds), city.roster):
        ready()
        await stop.wait()


async def _serve(settings: Settings, tls: Tls | None, door: socket.socket, ready: Ready, greeting: Greeting) -> None:
    """Answer HTTP until a signal asks to stop."""
    async with open_city(settings, part=Part.READER) as city:

        def up() -> None:
            ready()
            _greet(city, door, tls, greeting)

        await serve(endpoint(city), door, up, city.ending, tls.context if tls else None)


async def _alone(running: Running, feeds: Feeds, door: socket.socket) -> None:
    """Be the whole city in one process."""
    settings, tls = feeds.settings(running.settings), running.tls

    def renewed() -> None:
        if running.renew() and tls is not None and running.tls is not None:
            show_instead(tls, running.tls)

    # In a terminal SIGHUP says that the terminal is gone, and the city ends.
    if not sys.stdin.isatty():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, renewed)
    async with contextlib.AsyncExitStack() as stack:
        city = await stack.enter_async_context(open_city(settings, part=Part.WRITER))
        await stack.enter_async_context(feeds.twin_beside(city.clock))
        await stack.enter_async_context(on_duty(duties(city, course(feeds, settings)), city.roster))
        greeting = Greeting.GONE_OVER if feeds.twin and running.settings.feeds == "auto" else Greeting.WELCOME

        def up() -> None:
            notify("READY=1")
            _greet(city, door, tls, greeting)

        # Serving closes its door at the end, and the city may go on as its twin.
        await serve(endpoint(city), door.dup(), up, city.ending, tls.context if tls else None)


def _greet(city: City, door: socket.socket, tls: Tls | None, greeting: Greeting) -> None:
    if greeting is not Greeting.NONE:
        text = welcome(city, door.getsockname()[1], tls, greeting)
        print(text, flush=True)  # noqa: T201 - the one thing that the terminal is for
