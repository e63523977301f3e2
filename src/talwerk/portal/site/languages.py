"""Which languages the portal speaks, and which of them a visitor reads."""

from __future__ import annotations

from talwerk.sdk.profile import Profile


def languages_of(profile: Profile) -> tuple[str, ...]:
    """The languages of a city's pages, its own first."""
    return profile.city.languages


def preferred(accepted: str, spoken: tuple[str, ...]) -> str:
    """The spoken language that a browser likes best, the city's own when it names none (RFC 9110, 12.5.4).

    Args:
        accepted: The Accept-Language header.
        spoken: What there is, the city's own language first.
    """
    liked: dict[str, float] = {}
    for offer in accepted.split(",")[:20]:
        name, _, weight = offer.strip().partition(";")
        language = name.strip().lower().partition("-")[0]
        try:
            liked.setdefault(language, float(weight.strip().removeprefix("q=")) if weight else 1.0)
        except ValueError:
            continue
    return max(spoken, key=lambda language: (liked.get(language, 0.0) > 0.0, liked.get(language, 0.0)))
