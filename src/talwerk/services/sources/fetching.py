"""Asking other people's servers: politely, with limits on everything, and without believing what they declare."""

from __future__ import annotations

import asyncio
import zlib
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from talwerk import __version__
from talwerk.core.instants import Clock, datetime_of
from talwerk.services.outgoing import SIMULATED, Egress, client

if TYPE_CHECKING:
    import httpx2

RETRY_AFTER_MAX_S = 3_600.0
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a source may take.

    Attributes:
        connect_s: for the connection.
        read_s: without anything arriving.
        whole_s: for everything, redirects included.
        gap_s: between two requests to one host.
        redirects: at most.
    """

    connect_s: float = 5.0
    read_s: float = 15.0
    whole_s: float = 90.0
    gap_s: float = 0.2
    redirects: int = 3


class Validators(msgspec.Struct, frozen=True):
    """What a server said about its last answer, so that it need not send it again."""

    etag: str = ""
    modified: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; its content is None when nothing has changed since the last one."""

    content: bytes | None
    charset: str = ""
    validators: Validators = Validators()


class UnreachableError(Exception):
    """There was no answer, or an error; the text is a clause.

    Args:
        detail: what happened.
        retry_after_s: seconds for which the server wants to be left alone, 0 when it said nothing.
        answered: whether there was an answer, for example an error.
    """

    def __init__(self, detail: str, retry_after_s: float = 0.0, *, answered: bool = False) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.answered = answered


class UnfitError(Exception):
    """There was an answer that cannot be used: too large, broken off or compressed in a strange way."""


class _Host:
    """One server: its client, and when it may be asked again."""

    def __init__(self, made: httpx2.AsyncClient) -> None:
        self.client = made
        self.turn = asyncio.Lock()
        self.free_at = 0.0


class Fetcher:
    """Asks hosts, one request at a time each.

    Args:
        egress: the operator's policy for outgoing requests.
        clock: for dates in answers and for the gaps between requests.
        patience: how long a source may take.
        simulated: whether answers are taken whose values nobody measured; a city of measured ones refuses them.
    """

    def __init__(
        self, egress: Egress, clock: Clock, patience: Patience | None = None, *, simulated: bool = False
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._patience = patience or Patience()
        self._simulated = simulated
        self._hosts: dict[str, _Host] = {}

    async def close(self) -> None:
        """Close all connections."""
        for host in self._hosts.values():
            await host.client.aclose()
        self._hosts.clear()

    async def fetch(self, address: str, size_max: int, known: Validators | None = None) -> Answer:
        """What lies at an address.

        Args:
            address: an http or https address.
            size_max: bytes at most, also after decompression.
            known: of the last answer.

        Raises:
            UnreachableError: no answer, an error, or not in time.
            UnfitError: an answer that cannot be used.
        """
        import httpx2

        patience = self._patience
        try:
            url = httpx2.URL(address)
            host = self._host(url)
            # The time limit is for the request, not for waiting until it is our turn.
            async with host.turn:
                await asyncio.sleep(max(0.0, host.free_at - self._clock.monotonic_s()))
                try:
                    async with asyncio.timeout(patience.whole_s):
                        return await self._follow(host, url, size_max, known or Validators())
                finally:
                    host.free_at = self._clock.monotonic_s() + patience.gap_s
        except TimeoutError:
            raise UnreachableError(f"it did not answer completely within {patience.whole_s:g} s") from None
        except httpx2.ConnectTimeout:
            raise UnreachableError(f"no connection was made within {patience.connect_s:g} s") from None
        except httpx2.TimeoutException:
            raise UnreachableError(f"nothing arrived for {patience.read_s:g} s") from None
        except httpx2.ConnectError as error:
            raise UnreachableError(f"no connection can be made ({_line(error)})") from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise UnreachableError(f"the answer broke off ({type(error).__name__}: {_line(error)})") from None

    def _host(self, url: httpx2.URL) -> _Host:
        name = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if name not in self._hosts:
            patience = self._patience
            made = client(self._egress, url.host, connect_s=patience.connect_s, read_s=patience.read_s)
            self._hosts[name] = _Host(made)
        return self._hosts[name]

    async def _follow(self, host: _Host, url: httpx2.URL, size_max: int, known: Validators) -> Answer:
        asked = url
        for _ in range(self._patience.redirects + 1):
            answer = await self._ask(host, asked, size_max, known)
            if isinstance(answer, Answer):
                return answer
            asked = asked.join(answer)
            if _bare(asked.host) != _bare(url.host) or (url.scheme, asked.scheme) not in _STEPS:
                moved = f"it has moved to {str(asked)[:200]}; the profile's address has to follow"
                raise UnreachableError(moved, answered=True)
            host = self._host(asked)
        raise UnreachableError(f"it redirects more than {self._patience.redirects} times", answered=True)

    async def _ask(self, host: _Host, url: httpx2.URL, size_max: int, known: Validators) -> Answer | str:
        """The answer, or where it has moved to."""
        headers = {"accept-encoding": "gzip", "user-agent": f"Talwerk/{__version__}", "accept": "*/*"}
        if known.etag:
            headers["if-none-match"] = known.etag
        if known.modified:
            headers["if-modified-since"] = known.modified
        response = await host.client.send(host.client.build_request("GET", url, headers=headers), stream=True)
        try:
            status = response.status_code
            if status in _REDIRECTIONS and "location" in response.headers:
                return str(response.headers["location"])
            if status == 304 and known != Validators():
                return Answer(content=None, validators=known)
            if status != 200:
                wait_s = self._retry_after_s(response.headers.get("retry-after", ""))
                raise UnreachableError(f"it answers {status}", wait_s, answered=True)
            if SIMULATED in response.headers and not self._simulated:
                raise UnfitError("its values are simulated, and this city keeps measured ones")
            content = await _content(response, size_max)
            validators = Validators(response.headers.get("etag", ""), response.headers.get("last-modified", ""))
            return Answer(
                content=content, charset=_charset(response.headers.get("content-type", "")), validators=validators
            )
        finally:
            await response.aclose()

    def _retry_after_s(self, text: str) -> float:
        """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3): a number of them, or a date."""
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), RETRY_AFTER_MAX_S)
        try:
            moment: datetime = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait_s = (moment - datetime_of(self._clock.now())).total_seconds()
        return min(max(wait_s, 0.0), RETRY_AFTER_MAX_S)


_STEPS = frozenset({("http", "http"), ("http", "https"), ("https", "https")})
"""Schemes that a redirect may lead from and to: never out of encryption."""


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _charset(content_type: str) -> str:
    header = Message()
    header["content-type"] = content_type
    return str(header.get_param("charset", "") or "")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


async def _content(response: httpx2.Response, size_max: int) -> bytes:
    """The body, decompressed step by step so that a bomb is noticed before it fills the memory."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "deflate", ""}:
        raise UnfitError(f"it is compressed as {encoding[:20]}, which was not asked for")
    inflater = None if encoding in {"identity", ""} else zlib.decompressobj(_GZIP_OR_ZLIB)
    body = bytearray()
    raw = 0
    async for part in response.aiter_raw():
        raw += len(part)
        if inflater is None:
            body += part
        else:
            inflater = _inflate(inflater, part, body, size_max)
        if max(len(body), raw) > size_max:
            raise UnfitError(f"it is larger than {size_max} bytes")
    if inflater is not None and raw and not inflater.eof:
        raise UnfitError("it is compressed and ends in the middle")
    return bytes(body)


def _inflate(inflater: zlib._Decompress, part: bytes, body: bytearray, size_max: int) -> zlib._Decompress:
    """Decompress a part, at most one byte beyond the limit; gzip may consist of several members."""
    try:
        while part and len(body) <= size_max:
            if inflater.eof:
                inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
            body += inflater.decompress(part, size_max + 1 - len(body))
            part = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error as error:
        raise UnfitError(f"it is not compressed as it says ({_line(error)})") from None
    return inflater
