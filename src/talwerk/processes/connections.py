"""One connection's manners: how long a client may take, how many there may be, how the end comes without cutting.

The server's own protocol class waits for ever for a request that trickles in, closes idle connections at the very
moment in which a client may be sending, and warns of every stranger's nonsense. This one does none of it.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

logger = logging.getLogger(__name__)

HEAD_S = 10.0
"""Time for a request's head, from the connection or its first byte on."""
HEAD_BYTES_MAX = 64 << 10
STALL_S = 60.0
"""Time in which a client must take something of an answer that waits for it; megabytes in the machine's own buffers
are not seen, hence so long."""
LINGER_S = 1.0
"""Time for which an idle connection stays open at the end: a request may be on its way."""
CONNECTIONS_MAX = 4_096
_HANDLES_RESERVED = 128
_TOLD_EVERY_S = 60.0


def _refusal(status: str, text: str, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, "content-type: text/plain; charset=utf-8", f"content-length: {len(text)}")
    return "\r\n".join((*lines, "connection: close", "", text)).encode("ascii")


_FULL = _refusal("503 Service Unavailable", "All connections of the city are taken.", "retry-after: 5")
_HEAD_TOO_LARGE = _refusal("431 Request Header Fields Too Large", f"The head exceeds {HEAD_BYTES_MAX} bytes.")


class State(ServerState):
    """What the connections of one server know of each other."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = False
        self.most = connections_max()
        # In the order in which they fell idle: who has waited longest makes room first.
        self.idle: dict[Connection, None] = {}
        self.told_at_s = -_TOLD_EVERY_S


def connections_max() -> int:
    """Connections that this process may hold: the rest of its file handles is for data."""
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(CONNECTIONS_MAX, handles - _HANDLES_RESERVED))


class _Timer:
    """Something that happens later, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped."""
        return self._handle is not None

    def start(self, after_s: float, then: Callable[..., object], *args: object) -> None:
        """Let it happen after so many seconds from now."""
        self.stop()
        self._handle = self._loop.call_later(after_s, then, *args)

    def stop(self) -> None:
        """Let it not happen."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _Joining(asyncio.Transport):
    """A transport that sends an answer's head together with what follows: one system call, one packet.

    What is written first in a turn of the loop waits for the next piece, or for the end of the turn.

    Args:
        transport: the connection's own.
        loop: its loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._first = b""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send soon."""
        if self._first:
            first, self._first = self._first, b""
            self._transport.writelines((first, data))
        else:
            self._first = bytes(data)
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        first, self._first = self._first, b""
        if first and not self._transport.is_closing():
            self._transport.write(first)

    def get_write_buffer_size(self) -> int:
        """Bytes that were not sent yet."""
        return len(self._first) + self._transport.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether the end has begun."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Send what is left, then hang up."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()


class Connection(HttpToolsProtocol):
    """A client's connection."""

    server_state: State

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_timer = _Timer(self.loop)
        self._head_bytes = 0
        self._in_body = False
        self._stall_timer = _Timer(self.loop)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the client, if there is room for one more."""
        super().connection_made(transport)
        self.transport = _Joining(transport, self.loop)
        state = self.server_state
        if len(self.connections) > state.most and not self._make_room():
            transport.write(_FULL)
            transport.close()
            return
        state.idle[self] = None
        self._await_head()
        if state.ending:
            self.shutdown()

    def _make_room(self) -> bool:
        state = self.server_state
        longest_idle = next(iter(state.idle), None)
        if longest_idle is not None:
            state.idle.pop(longest_idle)
            longest_idle.transport.close()
            return True
        if self.loop.time() - state.told_at_s >= _TOLD_EVERY_S:
            state.told_at_s = self.loop.time()
            logger.warning("All %d connections are busy; further ones are refused", state.most)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self.server_state.idle.pop(self, None)
        self._head_timer.stop()
        self._stall_timer.stop()
        super().connection_lost(exc)
        # Also after an error: otherwise the timer would hold the connection's memory.
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        self.server_state.idle.pop(self, None)
        if not self._head_timer.runs and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        # Judged afterwards: a small head may arrive together with a large body.
        if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin the answer."""
        self._head_timer.stop()
        self._head_bytes = 0
        self._in_body = True
        super().on_headers_complete()
        if self.server_state.ending:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Expect the next request's head."""
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the client's next request."""
        super().on_response_complete()
        if self.timeout_keep_alive_task is not None and not self.transport.is_closing():
            self.server_state.idle[self] = None

    def shutdown(self) -> None:
        """Answer what is under way or on its way, then close."""
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_S, super().shutdown)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Wait for a client that takes the answer slowly, but not for one that has stopped."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def _watch(self, bytes_left: int) -> None:
        self._stall_timer.start(STALL_S, self._judge, bytes_left)

    def _judge(self, bytes_before: int) -> None:
        bytes_left = self.transport.get_write_buffer_size()
        if bytes_left < bytes_before:
            self._watch(bytes_left)
        else:
            self.transport.abort()

    def resume_writing(self) -> None:
        """Go on: the client has taken enough."""
        self._stall_timer.stop()
        super().resume_writing()

    def _await_head(self) -> None:
        self._head_timer.start(HEAD_S, self.timeout_keep_alive_handler)
