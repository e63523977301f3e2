"""HTTP as the twin speaks it: on this machine only, and able to fail in every way that servers fail."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.services.outgoing import SIMULATED

from .replies import JSON, Reply, http_date

HEAD_MAX = 32_768
IDLE_S = 60.0
KNOWN_MAX = 8_000_000
"""Larger answers are always sent whole."""
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})

logger = logging.getLogger(__name__)

Answer = Callable[[str, str], Reply]
"""From method and target to the answer."""


def listening(port: int = 0) -> socket.socket:
    """A socket on loopback.

    Raises:
        DomainError: Busy when the port is taken.
    """
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
        door.listen(64)
    except OSError as error:
        door.close()
        detail = f"Port {port} of 127.0.0.1 cannot be listened on: {error.strerror}. Another port: --port."
        raise DomainError(Fault.BUSY, detail) from None
    return door


def address(door: socket.socket) -> str:
    """What leads to a socket."""
    return f"http://127.0.0.1:{door.getsockname()[1]}"


@contextlib.asynccontextmanager
async def serving(answer: Answer, doors: Sequence[socket.socket], clock: Clock) -> AsyncIterator[None]:
    """Answer on these sockets while the context lasts.

    Args:
        answer: what to say.
        doors: sockets that listen; they are closed at the end.
        clock: stamps answers.
    """
    office = _Office(answer, clock)
    servers = [await asyncio.start_server(office.talk, sock=door, limit=HEAD_MAX) for door in doors]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        for talk in office.talks:
            talk.cancel()
        if office.talks:
            await asyncio.wait(office.talks)


class _Office:
    """All connections."""

    def __init__(self, answer: Answer, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock
        self._changed: dict[str, tuple[str, str]] = {}
        self.talks: set[asyncio.Task[None]] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        task = asyncio.current_task()
        if task is not None:
            self.talks.add(task)
            task.add_done_callback(self.talks.discard)
        # Who hangs up on a slow or broken answer does what the fault is there for; at the end all are cancelled.
        over = (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError)
        try:
            with contextlib.suppress(*over):
                while await self._turn(reader, writer):
                    pass
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        async with asyncio.timeout(IDLE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        parts = first.split(" ")
        fields = {name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
        if len(parts) != 3 or fields.get("content-length", "0") != "0" or "transfer-encoding" in fields:
            await self._send(writer, Reply(b"", 400), "GET", {})
            return False
        method, target, _ = parts
        reply = self._told(method, target, fields)
        reply = self._known(target, reply, fields)
        await asyncio.sleep(reply.before_s)
        await self._send(writer, reply, method, {"date": http_date(self._clock.now())})
        return reply.cut is None and fields.get("connection", "").lower() != "close"

    def _told(self, method: str, target: str, fields: dict[str, str]) -> Reply:
        # Pages of others must not steer or read what runs on this machine, under whatever name they reach it.
        if fields.get("host", "").rpartition(":")[0] not in _LOCAL or "origin" in fields:
            return Reply(b"", 403)
        try:
            return self._answer(method, target)
        except Exception:
            # A fault of one responder is a fault of one source.
            logger.exception("%s %s cannot be answered", method, target)
            return Reply(b"", 500)

    def _known(self, target: str, reply: Reply, fields: dict[str, str]) -> Reply:
        """Add what lets a client ask whether anything has changed, and answer that."""
        if reply.status != 200 or len(reply.body) * reply.repeat > KNOWN_MAX:
            return reply
        etag = f'"{hashlib.blake2b(reply.body, digest_size=12).hexdigest()}"'
        before = self._changed.get(target)
        if before is None or before[0] != etag:
            if len(self._changed) > 10_000:
                self._changed.clear()
            before = self._changed[target] = (etag, http_date(self._clock.now()))
        named = {"etag": etag, "last-modified": before[1]}
        asked = fields.get("if-none-match")
        if asked == etag or (asked is None and fields.get("if-modified-since") == before[1]):
            return replace(reply, body=b"", status=304, headers=named)
        return replace(reply, headers={**reply.headers, **named})

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply, method: str, more: dict[str, str]) -> None:
        phrase = _PHRASES.get(reply.status, "")
        headers = {
            "content-type": JSON,
            SIMULATED: "true",
            **more,
            **{name.lower(): text for name, text in reply.headers.items()},
        }
        if reply.status != 304:
            headers.setdefault("content-length", str(len(reply.body) * reply.repeat))
        lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {text}" for name, text in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if method == "HEAD" or reply.status == 304:
            await writer.drain()
        elif reply.cut is not None:
            writer.write(reply.body[: reply.cut])
            await writer.drain()
            _reset(writer)
        elif reply.pause_s:
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.pause_s)
        else:
            for _ in range(reply.repeat):
                writer.write(reply.body)
                await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with a reset instead of an orderly end."""
    door = writer.get_extra_info("socket")
    door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
