"""The pages of what is measured: the list of measuring points, one point, the legend."""

from __future__ import annotations

from talwerk.portal.views import LegendView

from . import addresses, offline, point, stations
from .leaf import Leaf
from .point import shortened

__all__ = ["leaves", "shortened"]


def leaves() -> tuple[Leaf, ...]:
    """The kinds of pages."""
    return (
        *stations.leaves(),
        *point.leaves(),
        *offline.leaves(),
        Leaf(addresses.LEGEND, lambda _ask, _scene: (LegendView(), ()), moves=False),
    )
