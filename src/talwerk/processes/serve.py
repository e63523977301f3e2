"""Serving HTTP: one event loop, one socket, a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from talwerk.core.errors import DomainError, Fault

BACKLOG = 2_048
GRACE_S = 5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        DomainError: Busy when the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(BACKLOG)
    except OSError as error:
        door.close()
        detail = f"{host} port {port} cannot be listened on: {error.strerror}. Another port: --port or TALWERK_PORT."
        raise DomainError(Fault.BUSY, detail) from error
    door.set_inheritable(True)
    return door


async def serve(
    endpoint: Any, door: socket.socket, ready: Callable[[], None], ending: asyncio.Event | None = None
) -> None:
    """Answer HTTP on the socket until a signal asks to stop; open answers get five seconds to finish.

    Args:
        endpoint: the ASGI application.
        door: the listening socket.
        ready: called once, when the first request would be answered.
        ending: set when the end begins, for answers that would go on for ever.
    """
    config = uvicorn.Config(
        endpoint,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        backlog=BACKLOG,
    )
    server = _Server(config)
    server.ending = ending or asyncio.Event()
    announcer = asyncio.create_task(_announce(server, ready))
    await server.serve(sockets=[door])
    announcer.cancel()


class _Server(uvicorn.Server):
    """Ends in order: uvicorn's own raises the signal again, which would kill us before the last commit."""

    ending: asyncio.Event

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell endless answers that they end now, then let all others finish."""
        self.ending.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT; the second one stops at once."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def _announce(server: _Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.005)
    ready()
