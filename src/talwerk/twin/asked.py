"""What a responder is asked, and how answers are written."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from talwerk.core.instants import Instant, datetime_of
from talwerk.sdk.profile import Source

from .landscape import Landscape
from .replies import JSON, Reply
from .simulator import SimulatedCity


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a source, and what there is to answer it with.

    Attributes:
        source: of the profile.
        path: behind the source's address, without the query.
        query: the parameters, of equal names the last one.
        now: the simulated present.
        city: what could be measured.
        land: what the profile knows.
        files: texts of the files beside the profile that the connector reads, by parameter and name.
    """

    source: Source
    path: str
    query: dict[str, str]
    now: Instant
    city: SimulatedCity
    land: Landscape
    files: dict[str, dict[str, str]] = {}

    @property
    def wanted(self) -> tuple[str, ...]:
        """Native ids that the city wants of the source."""
        return self.land.profile.wanted(self.source)


Respond = Callable[[Asked], Reply | None]
"""A pure function from a request to an answer in the source's real format; None for what there is not."""


def json_reply(value: object) -> Reply:
    """A value as JSON."""
    return Reply(msgspec.json.encode(value), 200, {"content-type": JSON})


def steps(start: int, end: int, step: int) -> range:
    """The times from one to another that lie on full steps, both included."""
    return range(-(-start // step) * step, end + 1, step)


def wall(at: int, zone: str) -> str:
    """A time with the offset of a zone, to the millisecond."""
    return datetime_of(at).astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
