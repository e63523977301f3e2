"""The list of measuring points of a city with too many for a directory: page by page, in the order of their ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from talwerk.core.query import And, Filter, Matches, Page, Path, Query
from talwerk.portal.site.register import NAME, is_measured
from talwerk.portal.site.scene import Place, Scene
from talwerk.services.indicators.evidence import OWN

ENTITIES = 50
"""Places on one page of such a list."""
PAGES_MAX = 200
"""Pages that can be turned to; whoever looks further than ten thousand places asks for a name."""


def turned(scene: Scene, page: int, words: tuple[str, ...], attribute: str) -> tuple[tuple[Place, ...], bool]:
    """One page of the list, and whether another follows.

    Args:
        scene: The city.
        page: Its number, from 1.
        words: Each is found in the place's name, in capitals or not.
        attribute: IRI of what is measured, or empty.
    """
    register = scene.register
    origins = tuple(origin for origin in scene.broker.provenances(scene.scope) if origin.source != OWN)
    query = Query(
        filter=_named(words),
        having=(attribute,) if attribute else (),
        attributes=(attribute,) if attribute else None,
        page=Page(limit=ENTITIES, offset=(page - 1) * ENTITIES),
    )
    found = scene.broker.series_of(query, scene.scope, origins)
    series = tuple(filter(is_measured, found.series))
    register.name(one.entity for one in series)
    return tuple(scene.placed(one) for one in series), found.next is not None


def measured_attributes(scene: Scene) -> Iterator[str]:
    """Attributes that the pages have a word for; which of them are measured nobody has counted."""
    for kind in scene.broker.types(scene.scope):
        yield from (attribute for attribute in kind.attributes if scene.has_word(attribute))


def _named(words: tuple[str, ...]) -> Filter | None:
    conditions = tuple(Matches(path=Path(attribute=NAME), pattern=f"(?i){re.escape(word)}") for word in words)
    return And(items=conditions) if conditions else None
