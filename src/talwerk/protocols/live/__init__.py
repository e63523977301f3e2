"""The change feed: what changes in the city, as server-sent events that resume where they were cut."""

from __future__ import annotations

import asyncio

from starlette.routing import BaseRoute, Route

from talwerk.broker import Broker

from .feed import Feed
from .stream import Changes

PATH = "/api/v1/changes"


def routes(broker: Broker, ending: asyncio.Event) -> list[BaseRoute]:
    """``/api/v1/changes``; every listener is let go when ``ending`` is set."""
    return [Route(PATH, Changes(Feed(broker), broker, ending), methods=["GET"])]
