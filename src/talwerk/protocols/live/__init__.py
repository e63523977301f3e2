"""The change feed: what changes in the city, as server-sent events that resume where they were cut."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from talwerk.broker import Broker
from talwerk.core.instants import Clock

from .feed import Feed
from .stream import Changes

PATH = "/api/v1/changes"


def routes(broker: Broker, clock: Clock) -> list[BaseRoute]:
    """``/api/v1/changes``."""
    return [Route(PATH, Changes(Feed(broker), broker, clock), methods=["GET"])]
