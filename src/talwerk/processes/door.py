"""The engine's door: a Unix socket through which other processes of this machine hand over batches.

Frames are a four-byte length and MessagePack. Each request carries a number, its answer the same one, so that one
connection carries many batches at a time. Only the owner of the data directory may open the socket (mode 0600).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

import msgspec

from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Scope

from .engine import Engine

NAME = "engine.sock"
FRAME_BYTES_MAX = 64 << 20
_LENGTH_BYTES = 4
_FAREWELL_S = 5.0
_PAUSE_LEAST_S, _PAUSE_MOST_S = 0.02, 1.0
_GONE = "The engine went away before it answered; the same batch again does no harm."


class Request(msgspec.Struct, frozen=True):
    """One batch on its way to the engine."""

    number: int
    batch: Batch
    scope: Scope


class Answer(msgspec.Struct, frozen=True):
    """The acknowledgement of a batch, or why there is none."""

    number: int
    ack: Ack | None = None
    fault: Fault | None = None
    detail: str = ""


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)


async def _read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame, None at the end of the stream."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > FRAME_BYTES_MAX:
            return None
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _write_frame(writer: asyncio.StreamWriter, message: Request | Answer) -> None:
    body = _encoder.encode(message)
    if len(body) > FRAME_BYTES_MAX:
        raise DomainError(Fault.TOO_LARGE, f"The batch has {len(body)} bytes; {FRAME_BYTES_MAX} is the most.")
    if writer.is_closing():
        # uvloop would raise a RuntimeError, which nobody takes for what it is.
        raise ConnectionResetError
    writer.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)


@contextlib.asynccontextmanager
async def open_door(directory: Path, engine: Engine) -> AsyncIterator[None]:
    """Let other processes write through the engine while the context lasts."""
    callers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = asyncio.current_task()
        if caller is not None:
            callers[caller] = writer
            caller.add_done_callback(callers.pop)
        await _serve(reader, writer, engine)

    with _short_path(directory) as path:
        (directory / NAME).unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(str(path))
        (directory / NAME).chmod(stat.S_IRUSR | stat.S_IWUSR)
    server = await asyncio.start_unix_server(admit, sock=door)
    try:
        yield
    finally:
        server.close()
        # Closing a line ends its caller in order; cancelling one would be logged as a fault.
        for writer in callers.values():
            writer.close()
        if callers:
            await asyncio.wait(list(callers), timeout=_FAREWELL_S)
        (directory / NAME).unlink(missing_ok=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, engine: Engine) -> None:
    """Answer one caller until it leaves; many of its batches may be under way at a time."""
    under_way: set[asyncio.Task[None]] = set()
    try:
        while (frame := await _read_frame(reader)) is not None:
            try:
                request = _requests.decode(frame)
            except msgspec.DecodeError:
                # Who speaks another language cannot be answered: there is no number.
                return
            task = asyncio.create_task(_answer(request, engine, writer))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        # What was accepted is committed by the engine even when nobody waits for the answer any more.
        if under_way:
            await asyncio.wait(under_way, timeout=_FAREWELL_S)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(request: Request, engine: Engine, writer: asyncio.StreamWriter) -> None:
    try:
        answer = Answer(request.number, await engine.submit(request.batch, request.scope))
    except DomainError as error:
        answer = Answer(request.number, fault=error.fault, detail=str(error))
    with contextlib.suppress(ConnectionError):
        _write_frame(writer, answer)
        await writer.drain()


@contextlib.contextmanager
def _short_path(directory: Path) -> Iterator[Path]:
    """A path to the socket that fits into the 108 bytes that the system allows, however deep the directory lies."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{handle}/{NAME}")
    finally:
        os.close(handle)


class RemoteWriter:
    """A writer that hands batches to the engine of another process, and finds it again when it was restarted.

    Args:
        directory: the data directory in which the engine's door lies.
        patience_s: how long a batch waits for an engine that is not there.
    """

    def __init__(self, directory: Path, patience_s: float = 2.0) -> None:
        self._directory = directory
        self._patience_s = patience_s
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Ack]] = {}
        self._stream: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_connected(), name="door")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._disconnect()

    def ready(self) -> bool:
        """Whether an engine listens."""
        return self._connected.is_set()

    async def connected(self, within_s: float) -> None:
        """Wait until an engine listens.

        Raises:
            DomainError: Busy when none does in time.
        """
        try:
            await asyncio.wait_for(self._connected.wait(), within_s)
        except TimeoutError:
            raise DomainError(Fault.BUSY, f"No engine answers in {self._directory}.") from None

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Write a batch; return when it is on disk.

        Raises:
            DomainError: Busy when there is no engine, or when it went away before it answered (then the batch may
                have been written: the same batch again does no harm); whatever the engine says.
        """
        await self.connected(self._patience_s)
        number = next(self._numbers)
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if self._stream is not None:
                _write_frame(self._stream, Request(number, batch, scope))
                await self._stream.drain()
            return await answer
        except ConnectionError as error:
            raise DomainError(Fault.BUSY, _GONE) from error
        finally:
            self._waiting.pop(number, None)

    async def _keep_connected(self) -> None:
        pause_s = _PAUSE_LEAST_S
        while True:
            try:
                with _short_path(self._directory) as path:
                    reader, self._stream = await asyncio.open_unix_connection(str(path))
            except OSError:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_MOST_S)
                continue
            pause_s = _PAUSE_LEAST_S
            self._connected.set()
            await self._receive(reader)
            self._disconnect()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        while (frame := await _read_frame(reader)) is not None:
            message = _answers.decode(frame)
            answer = self._waiting.get(message.number)
            if answer is None or answer.done():
                continue
            if message.ack is not None:
                answer.set_result(message.ack)
            else:
                answer.set_exception(DomainError(message.fault or Fault.INTERNAL, message.detail))

    def _disconnect(self) -> None:
        self._connected.clear()
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DomainError(Fault.BUSY, _GONE))
