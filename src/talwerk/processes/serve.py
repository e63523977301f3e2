"""Serving HTTP: one event loop, one socket, a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from talwerk.core.errors import DomainError, Fault

from .connections import LINGER_S, Connection, State

BACKLOG = 2_048
GRACE_S = 8
HANDSHAKE_S = 10.0
FAREWELL_S = 2.0
_TRUSTED_S = 31_536_000
"""For a year browsers insist on https, once they have seen it (RFC 6797)."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        DomainError: Busy when the port is taken or the address is not this machine's.
    """
    # What calls itself localhost is meant to be reached from this machine alone, whatever the hosts file says of it.
    name = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(
            name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        detail = f"The host {host} that the city is to listen on is not known: {error}."
        raise DomainError(Fault.BUSY, detail) from error
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # :: means every address, also those of IPv4, whatever the machine's default is.
        door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        door.bind(address)
        door.listen(BACKLOG)
    except OSError as error:
        door.close()
        detail = f"{host} port {port} cannot be listened on: {error.strerror}. Another port: --port or TALWERK_PORT."
        raise DomainError(Fault.BUSY, detail) from error
    return door


async def serve(
    endpoint: Any,
    door: socket.socket,
    ready: Callable[[], None],
    ending: asyncio.Event | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer HTTP on the socket until a signal asks to stop; open answers get eight seconds to finish.

    Args:
        endpoint: the ASGI application.
        door: the listening socket.
        ready: called once, when the first request would be answered.
        ending: set when the end begins, for answers that would go on for ever.
        tls: for https; plain HTTP when None.
    """
    config = uvicorn.Config(
        endpoint,
        loop="none",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # The address of a peer grants nothing, so nobody asks what a proxy says about it.
        proxy_headers=False,
        headers=[("strict-transport-security", f"max-age={_TRUSTED_S}")] if tls else [],
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
    )
    await _Server(config, ready, ending or asyncio.Event(), tls).serve(sockets=[door])


class _Server(uvicorn.Server):
    """Ends in order: uvicorn's own raises the signal again, which would kill us before the last commit."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], ending: asyncio.Event, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self.server_state: State = State()
        self._ready = ready
        self._ending = ending
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; who does not finish the greeting of TLS in time is let go."""
        limits: dict[str, Any] = {}
        if self._tls is not None:
            limits = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": FAREWELL_S}
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(self._connection, sock=door, ssl=self._tls, backlog=BACKLOG, **limits)
            for door in sockets or []
        ]
        self.started = True
        loop.call_soon(self._ready)

    def _connection(self) -> Connection:
        return Connection(config=self.config, server_state=self.server_state, app_state={})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell endless answers that they end now, then let all others finish."""
        self.server_state.ending = True
        self._ending.set()
        for server in self.servers:
            server.close()
        if self._tls is not None:
            # Greetings under way become connections, whose requests are answered as well.
            await asyncio.sleep(LINGER_S)
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
