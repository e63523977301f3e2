"""Outgoing requests to addresses that strangers name: no way into the city's own network, and never a long wait.

A host is resolved once, its addresses are judged, and the connection goes to the very address that was judged: a name
that points elsewhere a moment later (DNS rebinding) gains nothing. Every redirect passes the same judgement.

Where a proxy leads out of the city's network, it resolves the names, and what it lets through is for its operator to
decide. What can be judged without resolving still is: numbers must be public addresses, and names that only mean
something inside a network are refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from typing import TYPE_CHECKING

import msgspec

from talwerk.services.outgoing import Egress, client

if TYPE_CHECKING:
    import httpx2

REDIRECTS_MAX = 3
_ADDRESSES_MAX = 3
_AT_ONCE = 16
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# RFC 6761, RFC 6762, RFC 8375, ICANN's .internal, and what private networks use without asking anybody.
_INSIDE = (
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain", "home.arpa",
    "invalid", "test", "onion",
)  # fmt: skip
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_TRANSLATED_LOCALLY = ipaddress.IPv6Network("64:ff9b:1::/48")


class UnreachableError(Exception):
    """An address that gave no usable answer; the text is a clause that says why."""


class Fetched(msgspec.Struct, frozen=True):
    """A document from elsewhere.

    Attributes:
        address: where it was found in the end, after redirects.
        content: its bytes.
    """

    address: str
    content: bytes


class Outgoing:
    """Fetches documents from public hosts.

    Args:
        egress: through which proxy, and trusting whom.
        allow_loopback: whether this machine itself may be asked; for development only.
    """

    def __init__(self, egress: Egress | None = None, *, allow_loopback: bool = False) -> None:
        self._egress = egress or Egress()
        self._allow_loopback = allow_loopback
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, address: str, *, accept: str, bytes_max: int, timeout_s: float) -> Fetched:
        """The document at an address.

        Args:
            address: an http or https address.
            accept: the media types that are understood.
            bytes_max: its size at most.
            timeout_s: seconds for everything: waiting for a slot, names, redirects and the content.

        Raises:
            UnreachableError: there is no such document, or not for us, or not in time.
        """
        import httpx2

        try:
            async with asyncio.timeout(timeout_s), self._slots:
                return await self._follow(httpx2.URL(address), accept, bytes_max)
        except TimeoutError as error:
            raise UnreachableError(f"it did not answer within {timeout_s:g} s") from error
        except httpx2.InvalidURL as error:
            raise UnreachableError("it is no address") from error

    async def _follow(self, url: httpx2.URL, accept: str, bytes_max: int) -> Fetched:
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._ask(url, accept, bytes_max)
            if isinstance(answer, bytes):
                return Fetched(str(url), answer)
            url = url.join(answer)
        raise UnreachableError(f"it redirects more than {REDIRECTS_MAX} times")

    async def _ask(self, url: httpx2.URL, accept: str, bytes_max: int) -> bytes | httpx2.URL:
        """The content, or where it has moved to."""
        import httpx2

        if url.scheme not in {"http", "https"} or not url.host:
            raise UnreachableError(f"{str(url)[:200]} is neither an http nor an https address")
        if url.userinfo:
            raise UnreachableError("its address names a user")
        failure = UnreachableError("it has no address")
        async with client(self._egress, _host(url)) as asking:
            for target in await self._targets(url):
                request = _request(asking, url, target, accept)
                try:
                    return await _read(asking, request, bytes_max)
                except (httpx2.ConnectError, httpx2.ProxyError) as error:
                    failure = UnreachableError(f"{_host(url)} cannot be connected to ({type(error).__name__})")
                except httpx2.TransportError as error:
                    raise UnreachableError(f"{_host(url)} does not answer properly: {str(error)[:200]}") from error
        raise failure

    async def _targets(self, url: httpx2.URL) -> list[_Address | None]:
        """The addresses of the host that may be connected to, resolved once; None where the proxy resolves it."""
        if self._egress.proxy_for(_host(url)) is not None:
            if not is_public_name(_host(url)):
                raise UnreachableError(f"the host {_host(url)} lies at no public address")
            return [None]
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(_host(url), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(f"the host {_host(url)} is not known") from error
        addresses = list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
        allowed = [each for each in addresses if is_public(each) or (self._allow_loopback and _is_loopback(each))]
        if not allowed:
            raise UnreachableError(f"the host {_host(url)} lies at no public address")
        return [*allowed[:_ADDRESSES_MAX]]


def is_public_name(host: str) -> bool:
    """Whether a host can be public, as far as that can be said without resolving its name."""
    name = host.strip("[]").lower().rstrip(".")
    try:
        return is_public(ipaddress.ip_address(name))
    except ValueError:
        pass
    labels = name.split(".")
    # What ends in a number would be read as an address, however oddly it is written (127.1, 0x7f.1, 2130706433).
    if len(labels) < 2 or _NUMBER.fullmatch(labels[-1]):
        return False
    return not any(name == suffix or name.endswith(f".{suffix}") for suffix in _INSIDE)


def is_public(address: _Address) -> bool:
    """Whether an address belongs to the public internet, whatever other address it may carry inside."""
    carried = _carried(address)
    if carried is not None:
        return is_public(carried)
    if isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address in _TRANSLATED_LOCALLY):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_link_local
        or address.is_loopback
        or address.is_private
        or address.is_unspecified
    )


def _is_loopback(address: _Address) -> bool:
    return (_carried(address) or address).is_loopback


def _carried(address: _Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one: mapped, 6to4, Teredo or translated (NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.teredo is not None:
        return address.teredo[1]
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _request(asking: httpx2.AsyncClient, url: httpx2.URL, target: _Address | None, accept: str) -> httpx2.Request:
    """The request to an address in numbers that still asks for, and checks the certificate of, the host's name."""
    headers = {"host": url.netloc.decode("ascii"), "accept": accept, "accept-encoding": "identity"}
    if target is None:
        return asking.build_request("GET", url.copy_with(fragment=None), headers=headers)
    return asking.build_request(
        "GET",
        url.copy_with(host=str(target), fragment=None),
        headers=headers,
        extensions={"sni_hostname": _host(url)},
    )


async def _read(asking: httpx2.AsyncClient, request: httpx2.Request, bytes_max: int) -> bytes | httpx2.URL:
    import httpx2

    response = await asking.send(request, stream=True)
    try:
        if response.status_code in _REDIRECTIONS and "location" in response.headers:
            return httpx2.URL(response.headers["location"])
        if response.status_code != 200:
            raise UnreachableError(f"it answers {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnreachableError("it is compressed, which was not asked for")
        parts: list[bytes] = []
        length = 0
        async for part in response.aiter_raw():
            length += len(part)
            if length > bytes_max:
                raise UnreachableError(f"it is larger than {bytes_max} bytes")
            parts.append(part)
        return b"".join(parts)
    finally:
        await response.aclose()
