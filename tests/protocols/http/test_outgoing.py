"""Requests to addresses that strangers name: never into the own network, never large, never long."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from talwerk.protocols.http.outgoing import Fetched, Outgoing, UnreachableError, is_public

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def host(answer: bytes | Answering) -> AsyncIterator[int]:
    """A host on this machine that gives every request the same answer; yields its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(answer, bytes):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def http_answer(content: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


async def fetch(address: str, *, allow_loopback: bool = True, timeout_s: float = 2.0) -> Fetched:
    outgoing = Outgoing(allow_loopback=allow_loopback)
    return await outgoing.fetch(address, accept="application/json", bytes_max=1_000, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fec0::1",
        "fc00::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


async def test_a_document_of_this_machine_only_when_allowed() -> None:
    async with host(http_answer(b"{}")) as port:
        assert (await fetch(f"http://127.0.0.1:{port}/a")).content == b"{}"
        assert (await fetch(f"http://localhost:{port}/a")).content == b"{}"
        for name in ("127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0"):
            with pytest.raises(UnreachableError, match=r"lies at no public address|cannot be|is no address"):
                await fetch(f"http://{name}:{port}/a", allow_loopback=False)


async def test_the_name_of_the_host_is_sent() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http_answer(b"{}"))
        await writer.drain()

    async with host(answer) as port:
        await fetch(f"http://localhost:{port}/a?b=c#d")
        (request,) = seen
        assert request.startswith(b"GET /a?b=c HTTP/1.1\r\n")
        assert f"host: localhost:{port}\r\n".encode() in request.lower()


async def test_a_host_is_resolved_once_and_connected_to_where_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    genuine = asyncio.get_running_loop().getaddrinfo

    async def getaddrinfo(name: Any, *args: Any, **options: Any) -> Any:
        asked.append(str(name))
        if name == "rebinding.example":
            return await genuine("127.0.0.1", *args, **options)
        return await genuine(name, *args, **options)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with host(http_answer(b"{}")) as port:
        await fetch(f"http://rebinding.example:{port}/")
    assert asked.count("rebinding.example") == 1
    assert not [name for name in asked if not name.replace(".", "").isdigit() and name != "rebinding.example"]


async def test_private_networks_stay_closed_even_in_development() -> None:
    with pytest.raises(UnreachableError, match="no public address"):
        await fetch("http://10.0.0.1/")


async def test_redirects_are_followed_and_judged_again() -> None:
    async with host(http_answer(b'{"a": 1}')) as there:
        moved = f"Location: http://127.0.0.1:{there}/final"
        async with host(http_answer(b"", "302 Found", moved)) as port:
            found = await fetch(f"http://127.0.0.1:{port}/")
            assert (found.address, found.content) == (f"http://127.0.0.1:{there}/final", b'{"a": 1}')
    for target in ("http://192.168.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/"):
        async with host(http_answer(b"", "301 Moved", f"Location: {target}")) as port:
            with pytest.raises(UnreachableError):
                await fetch(f"http://127.0.0.1:{port}/")


async def test_redirects_end() -> None:
    async with host(http_answer(b"", "307 Temporary", "Location: /again")) as port:
        with pytest.raises(UnreachableError, match="redirects more than"):
            await fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer, reason",
    [
        (http_answer(b"x" * 1_001), "larger than 1000 bytes"),
        (http_answer(b"", "404 Not Found"), "answers 404"),
        (http_answer(b"", "304 Not Modified"), "answers 304"),
        (http_answer(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"), "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "does not answer properly"),
        (b"\x00\x01\x02\r\n\r\n", "does not answer properly"),
        (b"", "does not answer properly"),
    ],
)
async def test_unusable_answers(answer: bytes, reason: str) -> None:
    async with host(answer) as port:
        with pytest.raises(UnreachableError, match=reason):
            await fetch(f"http://127.0.0.1:{port}/")


async def test_a_slow_host_costs_the_limit_and_no_more() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with host(drip) as port:
        begun = time.monotonic()
        with pytest.raises(UnreachableError, match=r"within 0\.3 s"):
            await fetch(f"http://127.0.0.1:{port}/", timeout_s=0.3)
        assert time.monotonic() - begun < 2


async def test_nobody_there() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    with pytest.raises(UnreachableError, match="cannot be connected to"):
        await fetch(f"http://127.0.0.1:{port}/")
    for address in ("http://", "http:///x", "http://[::1", f"http://{'a' * 300}/", "urn:x:y", "http://a\x00b/"):
        with pytest.raises(UnreachableError):
            await fetch(address)
