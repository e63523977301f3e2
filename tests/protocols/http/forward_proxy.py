"""A small forward proxy for tests: it tunnels (CONNECT) and passes plain requests on, and remembers what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class ForwardProxy:
    """Everything that goes through it ends at one port of this machine, whatever name was asked for.

    Args:
        target: the port.
        password: the credentials that it wants (base64), none when empty.
    """

    def __init__(self, target: int, password: str = "") -> None:
        self.asked: list[str] = []
        self.port = 0
        self._target = target
        self._password = password

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._pass_on(reader, writer)
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, where, version = line.decode("ascii").split(" ")
        self.asked.append(f"{method} {where}")
        if self._password and f"proxy-authorization: basic {self._password}".lower() not in head.decode().lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(f"{method} {urlsplit(where).path or '/'} {version}\r\n".encode() + rest)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def forward_proxy(target: int, password: str = "") -> AsyncIterator[ForwardProxy]:
    """A proxy in front of a port of this machine."""
    proxy = ForwardProxy(target, password)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
