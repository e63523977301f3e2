"""Which languages the portal speaks, which of them a visitor reads, and who may read what nobody has checked."""

from __future__ import annotations

import math

from talwerk.core.scope import Role, Scope
from talwerk.sdk.profile import Profile
from talwerk.texts import EASY, catalogue

OFFERS_MAX = 20
"""A browser names a handful of languages; what follows more of them is not read."""
EASY_OF = "de"
"""Easy language is German for readers of easy texts: a city that does not speak German has none."""


def languages_of(profile: Profile) -> tuple[str, ...]:
    """The languages of a city's pages, its own first; easy language comes last and has few pages."""
    spoken = profile.city.languages
    return (*spoken, EASY) if EASY_OF in spoken else spoken


def preferred(accepted: str, spoken: tuple[str, ...]) -> str:
    """The spoken language that a browser likes best, the city's own when it names none (RFC 9110, 12.5.4).

    Args:
        accepted: The Accept-Language header.
        spoken: What there is, the city's own language first. Nobody gets easy language without having chosen it.
    """
    liked: dict[str, float] = {}
    for offer in accepted.split(",")[:OFFERS_MAX]:
        name, _, parameters = offer.strip().partition(";")
        weight = _weight(parameters)
        if weight is not None:
            liked.setdefault(name.strip().lower().partition("-")[0], weight)
    others = liked.get("*")

    def rank(language: str) -> float:
        # What is refused comes after what nobody spoke of, and that after what is liked at all.
        weight = liked.get(language, others)
        return -1.0 if weight is None else -2.0 if weight == 0.0 else weight

    return max((language for language in spoken if language != EASY), key=rank)


def _weight(parameters: str) -> float | None:
    """Between 0 and 1; None for what is no weight."""
    text = parameters.strip().lower().removeprefix("q=")
    try:
        weight = float(text) if text else 1.0
    except ValueError:
        return None
    return weight if math.isfinite(weight) and 0.0 <= weight <= 1.0 else None


def is_checked(language: str) -> bool:
    """Whether readers for whom a catalogue was written have checked it; the others need no such check."""
    texts = catalogue(language)
    return language != EASY or bool(texts.text("checked.on") and texts.text("checked.by"))


def sees_unchecked(scope: Scope, *, simulated: bool) -> bool:
    """Whether somebody sees texts and videos that nobody has checked, with the word "ungeprüft".

    Args:
        scope: On whose behalf: the operator does.
        simulated: Whether nobody measured what the city holds; such a city has no public.
    """
    return simulated or scope.principal.role is Role.OPERATOR
