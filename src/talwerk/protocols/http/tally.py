"""Counts of a process's requests by protocol, method and class of status: bounded, whatever strangers ask for."""

from __future__ import annotations

from collections import Counter

import msgspec

from talwerk.core.distribution import Distribution
from talwerk.services.sources.pushed import Arrivals

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
LIVE = "live"
GONE = "none"

# By the first part of the path; the longer beginning decides where protocols share one.
_PROTOCOLS = {
    "ngsi-ld": "ngsild",
    "api": "plain",
    "health": "health",
    "metrics": "metrics",
    "push": "push",
    "": "portal",
    "de": "portal",
    "en": "portal",
    "leicht": "portal",
    "static": "portal",
    "sign": "portal",
    "favicon.ico": "portal",
}
_LIVE_PATH = "/api/v1/changes"


class Count(msgspec.Struct, frozen=True):
    """Requests of one kind.

    Attributes:
        protocol: what was spoken: ``ngsild``, ``plain``, ``live``, ``portal``, ``health``, ``metrics``, ``push``,
            ``other``.
        method: of HTTP, ``other`` for unusual ones.
        status: class of the answer's status: ``2xx``; ``none`` for those who left before it.
        took: how long the answers took; for those that never end, how long until they began.
    """

    protocol: str
    method: str
    status: str
    took: Distribution


class Tally:
    """Counts requests of this process; only its event loop touches it.

    Attributes:
        arrivals: what came of sources that send by themselves.
    """

    def __init__(self) -> None:
        self.arrivals: Arrivals = {}
        self._took: dict[tuple[str, str, int], Distribution] = {}
        self._answering: Counter[str] = Counter()

    def begin(self, protocol: str) -> None:
        """A request has come."""
        self._answering[protocol] += 1

    def count(self, protocol: str, method: str, status: int, seconds: float) -> None:
        """A request was answered, with status 0 when nobody was there any more."""
        key = (protocol, method if method in METHODS else OTHER, status // 100)
        took = self._took.get(key)
        if took is None:
            took = self._took[key] = Distribution.empty(BOUNDS_S)
        took.add(seconds)

    def end(self, protocol: str) -> None:
        """A request is over."""
        self._answering[protocol] -= 1

    def counts(self) -> tuple[Count, ...]:
        """Everything that was counted."""
        return tuple(
            Count(protocol, method, f"{hundred}xx", took) for (protocol, method, hundred), took in self._took.items()
        )

    def answering(self) -> dict[str, int]:
        """Requests under way, by protocol."""
        return dict(self._answering)


def protocol_of(path: str) -> str:
    """The protocol that an address belongs to."""
    if path.startswith(_LIVE_PATH):
        return LIVE
    return _PROTOCOLS.get(path[1:].partition("/")[0], OTHER)
