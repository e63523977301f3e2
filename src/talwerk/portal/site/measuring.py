"""The pages of what is measured: the start page, the list of measuring points, one point, the legend."""

from __future__ import annotations

from talwerk.portal.views import LegendView

from . import addresses, point, stations
from .lage import lage
from .leaf import Leaf
from .point import shortened

__all__ = ["leaves", "shortened"]


def leaves() -> tuple[Leaf, ...]:
    """The kinds of pages."""
    return (
        Leaf(addresses.START, lambda _ask, scene: lage(scene)),
        *stations.leaves(),
        *point.leaves(),
        Leaf(addresses.LEGEND, lambda _ask, _scene: (LegendView(), ()), moves=False),
    )
