"""Documents of strangers through a proxy, and from hosts that only an own authority vouches for."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from talwerk.core.errors import DomainError
from talwerk.protocols.http.outgoing import Fetched, Outgoing, UnreachableError, is_public_name
from talwerk.services.outgoing import Egress

from .forward_proxy import forward_proxy

CITY = "vocabulary.example.org"


@asynccontextmanager
async def host(authority: trustme.CA | None = None, name: str = CITY) -> AsyncIterator[int]:
    """A host that answers with the name under which it was asked; https when there is an authority."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(asked)}\r\n\r\n{asked}".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def fetch(address: str, egress: Egress, *, allow_loopback: bool = False) -> Fetched:
    outgoing = Outgoing(egress, allow_loopback=allow_loopback)
    return await outgoing.fetch(address, accept="*/*", bytes_max=1_000, timeout_s=5)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


async def test_plain_requests_go_through_the_proxy_by_name() -> None:
    async with host() as port, forward_proxy(port) as proxy:
        found = await fetch(f"http://{CITY}/a?b=c#d", Egress(proxy=f"http://127.0.0.1:{proxy.port}"))
        assert found.content == CITY.encode()
        assert proxy.asked == [f"GET http://{CITY}/a?b=c"]


async def test_https_is_tunnelled_and_the_hosts_certificate_checked(authority: trustme.CA, tmp_path: Path) -> None:
    async with host(authority) as port, forward_proxy(port) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        trusting = Egress(proxy=address, ca_file=tmp_path / "ca.pem")
        assert (await fetch(f"https://{CITY}/", trusting)).content == CITY.encode()
        assert proxy.asked == [f"CONNECT {CITY}:443"]
        with pytest.raises(UnreachableError):
            await fetch(f"https://{CITY}/", Egress(proxy=address))
        with pytest.raises(UnreachableError):
            await fetch("https://other.example.org/", trusting)


async def test_a_proxy_that_wants_a_password() -> None:
    secret = base64.b64encode(b"city:secret").decode()
    async with host() as port, forward_proxy(port, secret) as proxy:
        found = await fetch(f"http://{CITY}/", Egress(proxy=f"http://city:secret@127.0.0.1:{proxy.port}"))
        assert found.content == CITY.encode()
        for scheme in ("http", "https"):
            with pytest.raises(UnreachableError, match=r"answers 407|cannot be connected to") as refused:
                await fetch(f"{scheme}://{CITY}/", Egress(proxy=f"http://city:wrong@127.0.0.1:{proxy.port}"))
            assert "wrong" not in str(refused.value)


async def test_a_proxy_that_is_not_there() -> None:
    with pytest.raises(UnreachableError, match="cannot be connected to"):
        await fetch(f"https://{CITY}/", Egress(proxy="http://127.0.0.1:1"))


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with host() as port:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        found = await fetch(f"http://127.0.0.1:{port}/", Egress(), allow_loopback=True)
        assert found.content == f"127.0.0.1:{port}".encode()


async def test_what_the_proxy_is_never_asked_for() -> None:
    async with forward_proxy(1) as proxy:
        egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}")
        for name in ("10.0.0.1", "127.1", "2130706433", "[::1]", "[fc00::1]", "printer", "files.intranet", "localhost"):
            with pytest.raises(UnreachableError, match=r"no public address|not known|no address"):
                await fetch(f"http://{name}/", egress)
        assert proxy.asked == []


async def test_exceptions_are_judged_by_their_address() -> None:
    async with host() as port, forward_proxy(port) as proxy:
        egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}", proxy_except=("127.0.0.2",))
        with pytest.raises(UnreachableError, match="no public address"):
            await fetch(f"http://127.0.0.2:{port}/", egress)
        assert proxy.asked == []


async def test_an_own_authority_without_a_proxy(authority: trustme.CA, tmp_path: Path) -> None:
    async with host(authority, "localhost") as port:
        trusting = Egress(ca_file=tmp_path / "ca.pem")
        found = await fetch(f"https://localhost:{port}/", trusting, allow_loopback=True)
        assert found.content == f"localhost:{port}".encode()
        with pytest.raises(UnreachableError):
            await fetch(f"https://localhost:{port}/", Egress(), allow_loopback=True)


async def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"nothing\.pem cannot be read"):
        await fetch("http://127.0.0.1/", Egress(ca_file=tmp_path / "nothing.pem"), allow_loopback=True)


@pytest.mark.parametrize(
    "name", ["example.org", "a.b.example.org.", "1.1.1.1", "[2606:4700::1111]", "xn--bcher-kva.de"]
)
def test_names_that_may_be_public(name: str) -> None:
    assert is_public_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "localhost", "a.localhost", "printer", "a.local", "a.internal.", "A.LAN", "a.home.arpa", "a.corp", "10.0.0.1",
        "127.1", "0x7f.1", "2130706433", "a.0x1", "a.1", "::1", "[fe80::1%eth0]", "::ffff:10.0.0.1", "", ".",
    ],
)  # fmt: skip
def test_names_that_are_not(name: str) -> None:
    assert not is_public_name(name)
