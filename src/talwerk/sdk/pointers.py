"""Places in JSON: pointers (RFC 6901), ``*`` for every member, and steps upwards as relative pointers have them.

``/stations/*/series/*`` names every series of every station. Seen from one of them, ``/value`` is its value, ``2/name``
the name two steps up, of its station.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

Pattern = Annotated[str, Meta(pattern=r"^(/([^~]|~[01])*)?$", max_length=200)]
"""A pointer with ``*`` for every member; empty for the whole document."""
Pointer = Annotated[str, Meta(pattern=r"^\d?(/([^~]|~[01])*)?$", max_length=200)]
"""A pointer seen from a place, with a digit before it for steps upwards."""

_UPWARDS = re.compile(r"(\d?)(.*)", re.DOTALL)


class Spot(NamedTuple):
    """A place in a document.

    Attributes:
        value: what stands there.
        around: what it stands in, the document first.
    """

    value: Any
    around: tuple[Any, ...] = ()


def spots(document: Any, pattern: str) -> Iterator[Spot]:
    """The places that a pattern names, in the order of the document; those that are not there are left out."""
    yield from _below(Spot(document), _steps(pattern))


def seen_from(spot: Spot, pointer: str) -> Any:
    """What a pointer leads to, None when nothing is there."""
    found = _UPWARDS.fullmatch(pointer)
    upwards, path = (int(found[1] or 0), found[2]) if found else (0, "")
    if upwards > len(spot.around):
        return None
    start = spot.around[-upwards] if upwards else spot.value
    return next((each.value for each in _below(Spot(start), _steps(path), literal=True)), None)


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _below(spot: Spot, steps: list[str], *, literal: bool = False) -> Iterator[Spot]:
    if not steps:
        yield spot
        return
    inside = (*spot.around, spot.value)
    for member in _members(spot.value, steps[0], literal=literal):
        yield from _below(Spot(member, inside), steps[1:], literal=literal)


def _members(value: Any, step: str, *, literal: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        if step == "*" and not literal:
            yield from value.values()
        elif step in value:
            yield value[step]
    elif isinstance(value, list):
        if step == "*" and not literal:
            yield from value
        elif step.isdecimal() and step.isascii() and int(step) < len(value):
            yield value[int(step)]
