"""Clients without manners: too slow, too large, too many, or on their way when the end comes."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from talwerk.processes import connections
from talwerk.processes.serve import listen, serve

GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 20_000_000


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body it got; `/slow` takes a while, `/large` is large, `/late` answers before the body came."""
    body = b""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    elif scope["path"] == "/large":
        body = bytes(LARGE)
    elif scope["path"] != "/early":
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def server() -> AsyncIterator[int]:
    door = listen("127.0.0.1", 0)
    port: int = door.getsockname()[1]
    ready = asyncio.Event()
    running = asyncio.create_task(serve(application, door, ready.set))
    await asyncio.wait_for(ready.wait(), 5)
    try:
        yield port
    finally:
        if not running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 15)


def on_uvloop(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(), 30)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def ask(connected: Client, path: bytes = b"") -> bytes:
    reader, writer = connected
    writer.write(GET % path)
    return await reader.readuntil(b"\r\n\r\n")


async def rest(connected: Client) -> bytes:
    try:
        return await connected[0].read()
    except ConnectionError:
        return b""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.4)
    monkeypatch.setattr(connections, "STALL_S", 0.4)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"\r\n", b"POST / HTTP/1.1\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            connected[1].write(sent)
            assert await asyncio.wait_for(rest(connected), 3) == b""

    on_uvloop(test)


def test_a_head_that_trickles_is_not_waited_for_either() -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            assert (await ask(connected)).startswith(b"HTTP/1.1 200")
            ended = asyncio.create_task(rest(connected))
            for _ in range(30):
                connected[1].write(b"\r\n")
                await asyncio.sleep(0.1)
                if ended.done():
                    return
            raise AssertionError("the connection is still open")

    on_uvloop(test)


def test_a_body_may_take_longer_than_a_head() -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            connected[1].write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
            for _ in range(3):
                await asyncio.sleep(0.3)
                connected[1].write(b"abc")
            assert (await connected[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await connected[0].readexactly(9) == b"abcabcabc"

    on_uvloop(test)


@pytest.mark.parametrize("before", [b"", GET % b"slow"])
def test_an_endless_head_is_not_taken(before: bytes) -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            connected[1].write(before + b"GET / HTTP/1.1\r\n")
            for _ in range(300):
                connected[1].write(b"X-Filler: " + b"x" * 990 + b"\r\n")
            # Who still sends may never see the reason: the end of the connection overtakes it.
            answer = await asyncio.wait_for(rest(connected), 3)
            assert answer == b"" or b"HTTP/1.1 431" in answer

    on_uvloop(test)


def test_a_head_that_is_a_little_too_large_is_told_so() -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            connected[1].write(b"GET / HTTP/1.1\r\n")
            for _ in range(connections.HEAD_BYTES_MAX // 1_024):
                connected[1].write(b"X-Filler: " + b"x" * 1_012 + b"\r\n")
                await connected[1].drain()
                await asyncio.sleep(0.001)
            assert b"HTTP/1.1 431" in await asyncio.wait_for(rest(connected), 3)

    on_uvloop(test)


def test_large_bodies_are_no_heads() -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            for _ in range(2):
                body = b"y" * 300_000
                connected[1].write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n" + body)
                assert (await connected[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                assert await connected[0].readexactly(300_000) == body

    on_uvloop(test)


def test_an_answer_that_came_before_the_body_holds_no_connection() -> None:
    async def test() -> None:
        async with server() as port, client(port) as connected:
            connected[1].write(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
            assert (await connected[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            connected[1].write(b"12345")
            assert await asyncio.wait_for(rest(connected), 3) == b""

    on_uvloop(test)


def test_who_takes_nothing_is_let_go_and_who_takes_slowly_is_served() -> None:
    async def test() -> None:
        async with server() as port:
            with socket.create_connection(("127.0.0.1", port)) as stalled:
                stalled.sendall(GET % b"large")
                await asyncio.sleep(1.5)
                assert await asyncio.to_thread(_drained, stalled) < LARGE
            with socket.create_connection(("127.0.0.1", port)) as slow:
                slow.sendall(GET % b"large")
                assert await asyncio.to_thread(_drained, slow, 0.03) >= LARGE

    on_uvloop(test)


def _drained(taking: socket.socket, pause_s: float = 0.0) -> int:
    taking.settimeout(5)
    taken = 0
    with suppress(ConnectionError):
        while taken < LARGE and (part := taking.recv(1 << 19)):
            taken += len(part)
            time.sleep(pause_s)
    return taken


def test_idle_connections_make_room_and_busy_ones_do_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "connections_max", lambda: 3)
    monkeypatch.setattr(connections, "HEAD_S", 10.0)

    async def test() -> None:
        async with server() as port, client(port) as first, client(port) as second, client(port) as third:
            for connected in (first, second, third):
                assert (await ask(connected)).startswith(b"HTTP/1.1 200")
            async with client(port) as fourth:
                assert (await ask(fourth)).startswith(b"HTTP/1.1 200")
                assert await asyncio.wait_for(rest(first), 3) == b""
                slow = [asyncio.create_task(ask(connected, b"slow")) for connected in (second, third, fourth)]
                await asyncio.sleep(0.2)
                for _ in range(3):
                    async with client(port) as fifth:
                        refused = await asyncio.wait_for(rest(fifth), 3)
                        assert refused.startswith(b"HTTP/1.1 503")
                        assert b"retry-after: 5" in refused
                assert all(answer.startswith(b"HTTP/1.1 200") for answer in await asyncio.gather(*slow))
            assert (await ask(second)).startswith(b"HTTP/1.1 200")

    on_uvloop(test)
    assert [record.getMessage() for record in caplog.records].count(
        "All 3 connections are busy; further ones are refused"
    ) == 1


def test_the_end_cuts_no_request_that_was_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 10.0)

    async def test() -> None:
        async with server() as port, client(port) as idle, client(port) as busy, client(port) as fresh:
            assert (await ask(idle)).startswith(b"HTTP/1.1 200")
            slow = asyncio.create_task(ask(busy, b"slow"))
            await asyncio.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.3)
            for connected in (idle, fresh):
                answer = await ask(connected)
                assert answer.startswith(b"HTTP/1.1 200")
                assert b"connection: close" in answer
            assert (await slow).startswith(b"HTTP/1.1 200")
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", port)

    on_uvloop(test)


def test_as_many_connections_as_there_are_handles(monkeypatch: pytest.MonkeyPatch) -> None:
    for handles, expected in ((1_024, 896), (64, 16), (1_000_000, connections.CONNECTIONS_MAX)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, n=handles: (n, n))
        assert connections.connections_max() == expected


@pytest.mark.parametrize(
    "host, address",
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LocalHost", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
    ],
)
def test_where_it_listens(host: str, address: str) -> None:
    with listen(host, 0) as door:
        assert door.getsockname()[0] == address


def test_every_address_of_ipv6_means_those_of_ipv4_as_well() -> None:
    with listen("::", 0) as door, socket.create_connection(("127.0.0.1", door.getsockname()[1]), 2):
        pass
