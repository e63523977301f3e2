"""The short door: measuring points and their values as plain JSON and CSV, for people who need one number.

It is read-only and has no standard behind it; its names are those of this city's entities, its times RFC 3339 in UTC.
"""

from __future__ import annotations

from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.instants import Clock

from . import points, stations
from .description import description

__all__ = ["description", "routes"]


def routes(broker: Broker, clock: Clock) -> list[Route]:
    """The routes under ``/api/v1``."""
    return [*points.routes(broker), *stations.routes(broker, clock)]
