"""How requests leave the city: through which proxy, and trusting whom. One policy for everything that asks others."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from talwerk.core.errors import DomainError, Fault

if TYPE_CHECKING:
    import httpx2

SIMULATED = "talwerk-simulated"
"""Header, ``true`` on every answer of a city or a server whose values nobody measured; others do not have it."""


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's policy for outgoing requests; nothing of the environment plays a part.

    Attributes:
        proxy: address of the proxy, empty for none.
        proxy_except: hosts that are reached without it; ``.example`` stands for all hosts below it.
        ca_file: PEM file with further certificate authorities, None for those of the machine alone.
    """

    proxy: str = ""
    proxy_except: tuple[str, ...] = ()
    ca_file: Path | None = None

    def proxy_for(self, host: str) -> str | None:
        """The proxy on the way to a host, None when there is none; this machine is always reached directly."""
        name = host.strip("[]").lower().rstrip(".")
        if not self.proxy or name in {"localhost", "127.0.0.1", "::1"}:
            return None
        for entry in map(str.lower, self.proxy_except):
            if name == entry or (entry.startswith(".") and name.endswith(entry)):
                return None
        return self.proxy


def client(
    egress: Egress, host: str, *, connect_s: float | None = None, read_s: float | None = None
) -> httpx2.AsyncClient:
    """A client for the requests to one host; it follows no redirects, so that whoever asks judges each of them.

    Args:
        egress: the operator's policy.
        host: the name that is asked for, also where the connection goes to a number.
        connect_s: seconds for one connection, None for no limit of its own.
        read_s: seconds for which nothing may arrive, None for no limit of its own.

    Raises:
        DomainError: InvalidRequest when the file with certificate authorities cannot be read.
    """
    import httpx2

    trusted = certificates(egress.ca_file)
    proxy = egress.proxy_for(host)
    return httpx2.AsyncClient(
        verify=trusted,
        proxy=None
        if proxy is None
        else httpx2.Proxy(proxy, ssl_context=trusted if proxy.startswith("https") else None),
        timeout=httpx2.Timeout(read_s, connect=connect_s),
        trust_env=False,
        follow_redirects=False,
    )


@cache
def certificates(ca_file: Path | None) -> ssl.SSLContext:
    """Whom outgoing requests trust: the machine's authorities and those of the file.

    Raises:
        DomainError: InvalidRequest when the file cannot be read.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            detail = f"The certificate authorities in {ca_file} cannot be read: {error}."
            raise DomainError(Fault.INVALID_REQUEST, detail) from None
    return context
