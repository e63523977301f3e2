"""What a person may mean by a street, an address or the name of a quarter."""

from __future__ import annotations

import msgspec

from talwerk.core.errors import DomainError, Fault

from .parts import Named, find_parts
from .question import TEXT_MAX, Question
from .search import WHOLE, Found, Precision
from .whereabouts import Gazetteer

SURE_LEAST, SURE_LEAD = 85.0, 8.0
"""A name with errors in it is taken for another one only if it is that similar, and that much more than the next."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a text may mean.

    Attributes:
        parts: boroughs and quarters, best first.
        houses: addresses, best first.
        meant: what is certainly meant, None when that is nothing or several.
    """

    parts: tuple[Named, ...] = ()
    houses: tuple[Found, ...] = ()
    meant: Named | Found | None = None


def knows_streets(gazetteer: Gazetteer) -> bool:
    """Whether the city's addresses are loaded."""
    try:
        gazetteer.search()
    except DomainError as error:
        if error.fault is not Fault.NOT_FOUND:
            raise
        return False
    return True


def made_up(gazetteer: Gazetteer, number: int) -> tuple[Found, ...]:
    """Examples of the addresses of a city whose streets are made up, so that somebody who tries it finds any.

    Args:
        gazetteer: the city's places.
        number: how many; each is in another part of the city.

    Returns:
        None at all where the addresses are real ones, or not loaded.
    """
    if not knows_streets(gazetteer):
        return ()
    register = gazetteer.search().register
    if not register.simulated or not register.streets:
        return ()
    found = []
    for share in range(1, number + 1):
        # Sorted by street, so that a share of the list is another street in another quarter.
        street = (len(register.streets) - 1) * share // (number + 1)
        houses = register.houses(street)
        house = register.house(street, houses[len(houses) // 2])
        found.append(Found(house=house, precision=Precision.HOUSE, score=WHOLE))
    return tuple(found)


def answer(gazetteer: Gazetteer, text: str, limit: int = 6, *, streets_only: bool = False) -> Answer:
    """What a text may mean; it is kept nowhere.

    Args:
        gazetteer: the city's places.
        text: as typed; up to 200 characters are read.
        limit: parts and addresses at most, of each.
        streets_only: whether a street is meant, also where a quarter has the same name.
    """
    text = text[:TEXT_MAX]
    houses = gazetteer.search().find(text, limit) if knows_streets(gazetteer) else ()
    # Whoever names a house number means a street.
    wants_part = not streets_only and not (houses and Question.of(text).number is not None)
    parts = find_parts(gazetteer.areas(), text, limit) if wants_part else ()
    return Answer(parts=parts, houses=houses, meant=_meant((*parts, *houses)))


def _meant(found: tuple[Named | Found, ...]) -> Named | Found | None:
    """The one that stands out."""
    ranked = sorted(found, key=lambda one: -one.score)
    if not ranked:
        return None
    best, next_score = ranked[0], ranked[1].score if len(ranked) > 1 else 0.0
    if best.score == WHOLE:
        return best if next_score < WHOLE else None
    return best if best.score >= SURE_LEAST and best.score - next_score >= SURE_LEAD else None
