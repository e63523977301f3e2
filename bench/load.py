"""A load generator: so many connections, each sending its next request when the answer to the last one is whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Result:
    """What a load did.

    Attributes:
        seconds: how long it took, wall time.
        latencies_ms: of each request, in order of completion.
        statuses: how often each status came.
    """

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.latencies_ms)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def request(method: str, path: str, port: int, body: bytes = b"", headers: str = "") -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{headers}"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again."""

    def __init__(self, requests: Iterator[bytes], result: Result, until: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._result = result
        self._until = until
        self._done = done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length: ")
        length = int(lower[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        now = time.perf_counter()
        self._result.latencies_ms.append((now - self._sent) * 1_000)
        status = int(head[9:12])
        self._result.statuses[status] = self._result.statuses.get(status, 0) + 1
        self._next()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _next(self) -> None:
        now = time.perf_counter()
        following = None if now > self._until else next(self._requests, None)
        if following is None:
            self._transport.close()
            return
        self._sent = now
        self._transport.write(following)


async def apply(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Result:
    """Let so many clients work through the requests, for so many seconds or until there are none left."""
    loop = asyncio.get_running_loop()
    result = Result()
    started = time.perf_counter()
    done = [loop.create_future() for _ in range(clients)]
    for future in done:
        await loop.create_connection(
            lambda future=future: _Connection(requests, result, started + seconds, future),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*done)
    result.seconds = time.perf_counter() - started
    return result
