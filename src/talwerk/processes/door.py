"""The engine's door: a Unix socket through which other processes of this machine hand over batches.

Frames are a four-byte length and MessagePack. Each request carries a number, its answer the same one, so that one
connection carries many batches at a time. Every second the engine sends everybody its pulse, and they answer with how
they are themselves. An engine that ends in order answers what it took and says farewell: whatever is still waiting then
was not taken, and waits for the next engine. Only the owner of the data directory may open the socket (mode 0600).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import msgspec

from talwerk.broker.ports import WriterState
from talwerk.core.change import Ack, Batch
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, SystemClock
from talwerk.core.scope import Scope
from talwerk.protocols.http.request_ids import request_id
from talwerk.protocols.http.tally import Tally

from .report import Presence, Report
from .reporter import Reporter, presence

NAME = "engine.sock"
FRAME_BYTES_MAX = 64 << 20
_LENGTH_BYTES = 4
_FAREWELL_S = 5.0
_HANG_UP_S = 0.5
_RESTART_S = 15.0
"""For the next engine to appear after a farewell."""
_PAUSE_LEAST_S, _PAUSE_MOST_S = 0.02, 1.0
PULSE_EVERY_S = 1.0
SILENT_S = 3.0
"""An engine that is not heard of for so long hangs: it gets no further batches."""
LOST_S = 10.0
"""Then nobody waits for its answers any more."""
_GONE = "The engine went away before it answered; the same batch again does no harm."


class Request(msgspec.Struct, frozen=True, tag=True):
    """One batch on its way to the engine, and the HTTP request that it came with, empty for none."""

    number: int
    batch: Batch
    scope: Scope
    request: str = ""


class Ask(msgspec.Struct, frozen=True, tag=True):
    """A wish for the engine's report, with how the one who asks is."""

    number: int
    presence: Presence


class Here(msgspec.Struct, frozen=True, tag=True):
    """The answer to a pulse."""

    presence: Presence


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What became of a batch or a wish: one of acknowledgement, report and fault."""

    number: int
    ack: Ack | None = None
    report: Report | None = None
    fault: Fault | None = None
    detail: str = ""


class Pulse(msgspec.Struct, frozen=True, tag=True):
    """The engine's state, every second and without being asked."""

    state: WriterState


class Farewell(msgspec.Struct, frozen=True, tag=True):
    """The engine ends; it answered everything that it took."""


class _NotTakenError(Exception):
    """The engine was gone, or ended in order, without having taken the batch."""


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request | Ask | Here)
_answers = msgspec.msgpack.Decoder(Answer | Pulse | Farewell)


async def _read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame, None at the end of the stream."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > FRAME_BYTES_MAX:
            return None
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class _Sender:
    """Sends the frames of one turn of the loop at once: a system call takes longer than most of them.

    Args:
        writer: where they go.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []

    def send(self, message: Request | Ask | Here | Answer | Pulse | Farewell) -> None:
        """Send a message before the loop's next turn.

        Raises:
            DomainError: RequestEntityTooLarge for a message that does not fit into a frame.
            ConnectionResetError: when the connection is closing.
        """
        body = _encoder.encode(message)
        if len(body) > FRAME_BYTES_MAX:
            raise DomainError(Fault.TOO_LARGE, f"The batch has {len(body)} bytes; {FRAME_BYTES_MAX} is the most.")
        if self._writer.is_closing():
            # uvloop would raise a RuntimeError, which nobody takes for what it is.
            raise ConnectionResetError
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces += (len(body).to_bytes(_LENGTH_BYTES, "big"), body)

    async def drain(self) -> None:
        """Wait when the other side takes too little."""
        await self._writer.drain()

    def is_free(self) -> bool:
        """Whether nothing waits for the other side to take it."""
        return not self._writer.transport.get_write_buffer_size()

    def close(self) -> None:
        """Send what is left and hang up."""
        self._flush()
        self._writer.close()

    async def wait_closed(self) -> None:
        """Wait until the connection has ended."""
        await self._writer.wait_closed()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._writer.is_closing():
            self._writer.writelines(pieces)


@contextlib.asynccontextmanager
async def open_door(directory: Path, reporter: Reporter) -> AsyncIterator[None]:
    """Let other processes write through the engine while the context lasts, and tell them how it is."""
    callers: dict[asyncio.Task[None], _Line] = {}

    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(_Sender(writer))
        caller = asyncio.current_task()
        if caller is not None:
            callers[caller] = line
            caller.add_done_callback(callers.pop)
        await _serve(reader, line, reporter)

    with _short_path(directory) as path:
        (directory / NAME).unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(str(path))
        (directory / NAME).chmod(stat.S_IRUSR | stat.S_IWUSR)
    server = await asyncio.start_unix_server(admit, sock=door)
    pulse = asyncio.create_task(_beat(callers, reporter), name="pulse")
    try:
        yield
    finally:
        pulse.cancel()
        server.close()
        await asyncio.gather(*map(_say_farewell, callers.values()))
        # The callers hang up: if we did, the farewell could be lost behind what they have just sent.
        await asyncio.wait([pulse, *callers], timeout=_HANG_UP_S)
        for line in callers.values():
            line.sender.close()
        await asyncio.wait([pulse, *callers], timeout=_FAREWELL_S)
        (directory / NAME).unlink(missing_ok=True)


class _Line:
    """The connection to one caller, and its batches that the engine took."""

    def __init__(self, sender: _Sender) -> None:
        self.sender = sender
        self.under_way: set[asyncio.Task[None]] = set()
        self.closing = False


async def _say_farewell(line: _Line) -> None:
    """Take nothing more, answer what was taken, and say so."""
    line.closing = True
    if line.under_way:
        await asyncio.wait(line.under_way, timeout=_FAREWELL_S)
    # A batch that is still under way must not be sent a second time.
    if not line.under_way:
        with contextlib.suppress(ConnectionError):
            line.sender.send(Farewell())


async def _beat(callers: Mapping[asyncio.Task[None], _Line], reporter: Reporter) -> None:
    while True:
        await asyncio.sleep(PULSE_EVERY_S)
        for line in list(callers.values()):
            _tell_pulse(line.sender, reporter)


def _tell_pulse(sender: _Sender, reporter: Reporter) -> None:
    # Who does not read gets no further pulses: they would only pile up.
    if sender.is_free():
        with contextlib.suppress(ConnectionError):
            sender.send(Pulse(reporter.state()))


async def _serve(reader: asyncio.StreamReader, line: _Line, reporter: Reporter) -> None:
    """Answer one caller until it leaves; many of its batches may be under way at a time."""
    sender, under_way = line.sender, line.under_way
    _tell_pulse(sender, reporter)
    try:
        while (frame := await _read_frame(reader)) is not None:
            try:
                request = _requests.decode(frame)
            except msgspec.DecodeError:
                # Who speaks another language cannot be answered: there is no number.
                return
            if not isinstance(request, Request):
                reporter.note(id(sender), request.presence)
                if isinstance(request, Here):
                    continue
            if line.closing:
                continue
            task = asyncio.create_task(_answer(request, reporter, sender))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        reporter.note(id(sender), None)
        # What was accepted is committed by the engine even when nobody waits for the answer any more.
        if under_way:
            await asyncio.wait(under_way, timeout=_FAREWELL_S)
        sender.close()
        with contextlib.suppress(ConnectionError):
            await sender.wait_closed()


async def _answer(request: Request | Ask, reporter: Reporter, sender: _Sender) -> None:
    try:
        if isinstance(request, Ask):
            answer = Answer(request.number, report=await reporter.report())
        else:
            request_id.set(request.request)
            answer = Answer(request.number, await reporter.submit(request.batch, request.scope))
    except DomainError as error:
        answer = Answer(request.number, fault=error.fault, detail=str(error))
    with contextlib.suppress(ConnectionError):
        sender.send(answer)
        await sender.drain()


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
        clock: measures how long the engine was not heard of; the machine's when None.
        tally: requests that this process answers, which the engine is told of.
    """

    def __init__(
        self, directory: Path, patience_s: float = 2.0, clock: Clock | None = None, tally: Tally | None = None
    ) -> None:
        self._directory = directory
        self._patience_s = patience_s
        self._clock = clock or SystemClock()
        self._tally = tally or Tally()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._sender: _Sender | None = None
        self._connected = asyncio.Event()
        self._pulse = WriterState()
        self._heard_s = 0.0
        self._next_is_near = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._keep_connected(), name="door"),
            asyncio.create_task(self._keep_watch(), name="watch over the engine"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._disconnect()

    def state(self) -> WriterState:
        """How the engine was a second ago, or that it is gone or hangs."""
        if not self._connected.is_set():
            return msgspec.structs.replace(self._pulse, trouble="No engine answers; it is being started.")
        silent_s = self._silent_s()
        if silent_s <= SILENT_S:
            return self._pulse
        # Whatever waits there has grown older since then.
        lag_ms = self._pulse.lag_ms + round(silent_s * 1_000)
        trouble = f"The engine has not been heard of for {silent_s:.0f} s."
        return msgspec.structs.replace(self._pulse, trouble=trouble, lag_ms=lag_ms)

    async def connected(self, within_s: float) -> None:
        """Wait until an engine listens.

        Raises:
            DomainError: Busy when none does in time.
        """
        if self._connected.is_set():
            return
        try:
            await asyncio.wait_for(self._connected.wait(), within_s)
        except TimeoutError:
            raise DomainError(Fault.BUSY, f"No engine answers in {self._directory}.") from None

    async def submit(self, batch: Batch, scope: Scope) -> Ack:
        """Write a batch; return when it is on disk.

        Raises:
            DomainError: Busy when there is no engine or it hangs, or when it went away before it answered (then the
                batch may have been written: the same batch again does no harm); whatever the engine says.
        """
        answer = None
        while answer is None:
            await self.connected(_RESTART_S if self._next_is_near else self._patience_s)
            if self._silent_s() > SILENT_S:
                raise DomainError(Fault.BUSY, self.state().trouble)
            with contextlib.suppress(_NotTakenError):
                answer = await self._exchange(Request(next(self._numbers), batch, scope, request_id.get()))
        if answer.ack is None:
            raise DomainError(answer.fault or Fault.INTERNAL, answer.detail)
        return answer.ack

    async def report(self) -> Report:
        """What the engine knows of the running city.

        Raises:
            DomainError: Busy when there is no engine or it does not answer within three seconds.
        """
        await self.connected(self._patience_s)
        try:
            ask = Ask(next(self._numbers), presence(self._tally))
            answer = await asyncio.wait_for(self._exchange(ask), SILENT_S)
        except (TimeoutError, _NotTakenError):
            raise DomainError(Fault.BUSY, f"The engine in {self._directory} does not answer.") from None
        if answer.report is None:
            raise DomainError(answer.fault or Fault.INTERNAL, answer.detail)
        return answer.report

    async def _exchange(self, request: Request | Ask) -> Answer:
        if self._sender is None:
            # The engine went away between the look and the step through the door.
            raise _NotTakenError
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request.number] = answer
        try:
            self._sender.send(request)
            await self._sender.drain()
            return await answer
        except ConnectionError as error:
            raise DomainError(Fault.BUSY, _GONE) from error
        finally:
            self._waiting.pop(request.number, None)

    def _silent_s(self) -> float:
        return self._clock.monotonic_s() - self._heard_s

    async def _keep_watch(self) -> None:
        """Let nobody wait for an engine that hangs."""
        while True:
            await asyncio.sleep(PULSE_EVERY_S)
            if self._connected.is_set() and self._silent_s() > LOST_S:
                self._give_up()

    async def _keep_connected(self) -> None:
        pause_s = _PAUSE_LEAST_S
        while True:
            try:
                with _short_path(self._directory) as path:
                    reader, writer = await asyncio.open_unix_connection(str(path))
            except OSError:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2 * _PAUSE_LEAST_S if self._next_is_near else _PAUSE_MOST_S)
                continue
            pause_s = _PAUSE_LEAST_S
            self._sender = _Sender(writer)
            self._heard_s = self._clock.monotonic_s()
            self._next_is_near = False
            self._connected.set()
            await self._receive(reader)
            self._disconnect()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        while (frame := await _read_frame(reader)) is not None:
            message = _answers.decode(frame)
            self._heard_s = self._clock.monotonic_s()
            if isinstance(message, Pulse):
                self._pulse = message.state
                self._say_here()
                continue
            if isinstance(message, Farewell):
                self._next_is_near = True
                self._give_up(_NotTakenError)
                return
            answer = self._waiting.get(message.number)
            if answer is not None and not answer.done():
                answer.set_result(message)

    def _say_here(self) -> None:
        if self._sender is not None:
            with contextlib.suppress(ConnectionError):
                self._sender.send(Here(presence(self._tally)))

    def _disconnect(self) -> None:
        self._connected.clear()
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        self._give_up()

    def _give_up(self, error: Callable[[], Exception] = lambda: DomainError(Fault.BUSY, _GONE)) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error())
