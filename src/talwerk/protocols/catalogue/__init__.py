"""The catalogue for programs: themes with their indicators, and the datasets that the city has, as JSON and CSV.

It is read-only and has no standard behind it; its names are those of the pages, its times RFC 3339 in UTC. The same
indicators are entities of NGSI-LD (type ``KeyPerformanceIndicator``) with their history.
"""

from __future__ import annotations

from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.sdk.profile import Profile
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.themes import Themes

from . import datasets, themes
from .description import description

__all__ = ["description", "routes"]


def routes(broker: Broker, profile: Profile, found: Themes, catalogue: Catalogue) -> list[Route]:
    """The routes under ``/api/v1/themes`` and ``/api/v1/datasets``."""
    return [*themes.routes(broker, profile, found), *datasets.routes(broker, catalogue)]
