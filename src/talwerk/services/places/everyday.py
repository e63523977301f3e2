"""Things that people look for near a place: schools, day-care, fountains, charging, shared cars."""

from __future__ import annotations

import msgspec

from talwerk.broker import Broker
from talwerk.core.query import Compare, Filter, Operator, Path
from talwerk.core.scope import Scope
from talwerk.core.terms import expand

from .nearby import Nearby, nearest

_POINT, _CATEGORY = "PointOfInterest", "category"


class Sort(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one everyday sort.

    Attributes:
        key: of the sort, as texts name it.
        type: short entity type that such things have.
        category: what a point of interest of this sort states as its category, empty where none is of it.
    """

    key: str
    type: str
    category: str = ""


EVERYDAY = (
    Sort(key="school", type="School"),
    Sort(key="childcare", type="Kindergarten", category="childcare"),
    Sort(key="fountain", type="DrinkingWaterFountain", category="drinkingFountain"),
    Sort(key="charging", type="EVChargingStation"),
    Sort(key="carsharing", type="CarSharingStation", category="carSharing"),
    Sort(key="food", type="Store"),
)
"""In the order in which pages show them."""


def nearest_of(broker: Broker, scope: Scope, place: tuple[float, float], sort: Sort) -> Nearby | None:
    """The nearest thing of a sort within four kilometres.

    Args:
        broker: where things are.
        scope: on whose behalf.
        place: longitude and latitude, degrees (WGS 84).
        sort: what is looked for.
    """
    found = [nearest(broker, scope, place, expand(sort.type))]
    if sort.category:
        found.append(nearest(broker, scope, place, expand(_POINT), _of_category(sort.category)))
    return min((one for one in found if one is not None), key=lambda one: one.distance_m, default=None)


def _of_category(category: str) -> Filter:
    return Compare(Path(expand(_CATEGORY)), Operator.EQUAL, (category,))
