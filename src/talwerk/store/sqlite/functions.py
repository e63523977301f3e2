"""SQL functions for what SQLite lacks; all deterministic, their meaning is that of ``core``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import apsw
import msgspec

from talwerk.core.geometry import is_located
from talwerk.core.instants import Instant, instant_or_none
from talwerk.core.match import in_scope
from talwerk.core.patterns import expression
from talwerk.core.query import Located

_LOCATED = msgspec.json.Decoder(Located)
_ANY = msgspec.json.Decoder()
_LEVELS = msgspec.json.Decoder(tuple[str, ...])


@lru_cache(maxsize=4_096)
def _instant(text: str) -> Instant | None:
    return instant_or_none(text)


def _fits(*arguments: Any) -> bool:
    text, pattern = arguments
    # SQLite is free to ask this before the condition beside it that says that it is a text.
    return isinstance(text, str) and expression(pattern).found_in(text)


@lru_cache(maxsize=4_096)
def _in_scope(scope: str, levels: str) -> bool:
    return in_scope(scope, _LEVELS.decode(levels))


@lru_cache(maxsize=256)
def _condition(text: str) -> Located:
    return _LOCATED.decode(text)


def _located(*arguments: Any) -> bool:
    geometry, condition = arguments
    return is_located(_ANY.decode(geometry), _condition(condition))


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection.

    ``instant(text)`` is the microseconds UTC of an RFC 3339 text, NULL for anything else; ``fits(text, pattern)``
    is whether a regular expression is found in a text; ``in_scope(scope, levels)`` is what ``core.match`` says of a
    scope and a JSON list of levels; ``located(geometry, condition)`` is whether a geometry fulfils a condition, both
    as JSON.
    """
    connection.create_scalar_function("instant", _instant, 1, deterministic=True)
    connection.create_scalar_function("fits", _fits, 2, deterministic=True)
    connection.create_scalar_function("in_scope", _in_scope, 2, deterministic=True)
    connection.create_scalar_function("located", _located, 2, deterministic=True)
