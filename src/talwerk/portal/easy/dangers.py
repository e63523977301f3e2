"""Of what a warning warns, in easy words: the words of its issuer are hard, and nobody may change them.

Easy sentences stand beside the issuer's text and never in its place: they say what kind of danger is meant and how
great it is, as far as the warning names that, and nothing else about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.lage.warnings import Notice


class Danger(StrEnum):
    """What can happen; the value is the key of its words."""

    FLOOD = "flood"
    THUNDER = "thunder"
    RAIN = "rain"
    ICE = "ice"
    SNOW = "snow"
    WIND = "wind"
    HEAT = "heat"
    SUN = "sun"
    FROST = "frost"
    FOG = "fog"
    OTHER = "other"


# The first that fits wins: a thunderstorm brings rain and wind, and its own word says all of that.
_NAMED = (
    (Danger.FLOOD, r"hochwasser|überflut|überschwemm|flut|tauwetter"),
    (Danger.THUNDER, r"gewitter|hagel|blitz"),
    (Danger.ICE, r"glätte|glatteis|eisregen|gefrierend|überfrier"),
    (Danger.SNOW, r"schnee"),
    (Danger.RAIN, r"regen"),
    (Danger.WIND, r"sturm|stürm|orkan|wind|böe"),
    (Danger.HEAT, r"hitze|wärme"),
    (Danger.SUN, r"\buv\b|uv-"),
    (Danger.FROST, r"frost|kälte"),
    (Danger.FOG, r"nebel"),
)
_GROUPS = {
    Danger.FLOOD: "water",
    Danger.RAIN: "water",
    Danger.THUNDER: "storm",
    Danger.WIND: "storm",
    Danger.ICE: "slippery",
    Danger.SNOW: "slippery",
    Danger.HEAT: "heat",
    Danger.SUN: "heat",
    Danger.FROST: "cold",
    Danger.FOG: "fog",
}
_EVERYBODY = "everybody"
GROUPS_MAX = 2
"""Nobody follows a dozen instructions; those for the first dangers count."""


def danger_of(notice: Notice) -> Danger:
    """What a warning warns of, from its event, or from its title where it names none."""
    told = (notice.event.text or notice.headline.text).casefold()
    return next((danger for danger, words in _NAMED if re.search(words, told)), Danger.OTHER)


def advice(dangers: Iterable[Danger], p: Phrasebook) -> tuple[str, ...]:
    """What everybody can do, each sentence once, what belongs to the first danger first.

    Args:
        dangers: what can happen.
        p: the phrasebook of easy language.
    """
    known = dict.fromkeys(_GROUPS[danger] for danger in dangers if danger in _GROUPS)
    groups = [*list(known)[:GROUPS_MAX], _EVERYBODY]
    return tuple(dict.fromkeys(sentence for group in groups for sentence in _sentences(group, p)))


def _sentences(group: str, p: Phrasebook) -> list[str]:
    prefix = f"advice.{group}."
    return [text for key, text in sorted(p.texts.entries.items()) if key.startswith(prefix)]
