"""Finding a borough or a quarter by what somebody typed."""

from __future__ import annotations

import msgspec

from talwerk.services.territory import Area, Areas, Kind

from .question import folded
from .search import BEGUN, SIMILAR_LEAST, WHOLE, resemblance

_SHORTEST = 3


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the city whose name a text resembles.

    Attributes:
        area: the borough or quarter.
        score: how similar its name is, 0 to 100.
    """

    area: Area
    score: float


def find_parts(areas: Areas, text: str, limit: int = 5) -> tuple[Named, ...]:
    """The boroughs and quarters that a text may mean, best first; nothing for a text that resembles none.

    Args:
        areas: the city's parts.
        text: as typed.
        limit: answers at most.
    """
    asked = folded(text.split(",", 1)[0])
    if len(asked) < _SHORTEST:
        return ()
    scored = (
        Named(area=area, score=round(_score(asked, folded(area.part.name)), 1))
        for kind in (Kind.BOROUGH, Kind.QUARTER)
        for area in areas.of(kind)
    )
    found = [one for one in scored if one.score >= SIMILAR_LEAST]
    return tuple(sorted(found, key=lambda one: (-one.score, one.area.part.name, one.area.kind))[:limit])


def _score(asked: str, name: str) -> float:
    if name.startswith(asked):
        # The more of the name was typed, the surer.
        return BEGUN + (WHOLE - BEGUN) * len(asked) / len(name)
    if asked in name:
        return BEGUN
    return resemblance(asked, name)
