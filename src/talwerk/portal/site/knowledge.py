"""What pages know besides the city's data."""

from __future__ import annotations

from dataclasses import dataclass

from talwerk.portal.site.backstage import Backstage
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.themes import Themes
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.warnings import Warnings


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What pages know besides the city's data.

    Attributes:
        themes: What the city wants to know and to move.
        datasets: What data it has.
        gazetteer: Its parts and addresses.
        backstage: The platform behind it.
        warnings: Official warnings.
    """

    themes: Themes
    datasets: Catalogue
    gazetteer: Gazetteer
    backstage: Backstage
    warnings: Warnings
