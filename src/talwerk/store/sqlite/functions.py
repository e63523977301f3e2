"""SQL functions for what SQLite lacks; all deterministic, their meaning is that of ``core``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import apsw
import msgspec

from talwerk.core.entity import Attribute, Entity
from talwerk.core.instants import Instant, instant_or_none
from talwerk.core.match import masked, matches
from talwerk.core.query import Filter

_ATTRIBUTES = msgspec.json.Decoder(dict[str, tuple[Attribute, ...]])
_TYPES = msgspec.json.Decoder(tuple[str, ...])


class Judgement(msgspec.Struct, frozen=True):
    """A condition that only ``core.match`` itself decides, and the attributes that it may see."""

    condition: Filter
    attributes: frozenset[str] | None


@lru_cache(maxsize=4_096)
def _instant(text: str) -> Instant | None:
    return instant_or_none(text)


def _judged(*arguments: Any) -> int:
    """Whether a stored entity fulfils a condition (a :class:`Judgement`, handed through as a Python object)."""
    judgement, types, body = arguments
    entity = Entity(id="", types=_TYPES.decode(types), attributes=_ATTRIBUTES.decode(body))
    return int(matches(masked(entity, judgement.attributes), judgement.condition))


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection.

    ``instant(text)`` is the microseconds UTC of an RFC 3339 text or NULL; ``judged(judgement, types, body)`` is
    the slow and certain way to decide a condition.
    """
    connection.create_scalar_function("instant", _instant, 1, deterministic=True)
    connection.create_scalar_function("judged", _judged, 3, deterministic=True)
