"""SQL functions for what SQLite lacks; all deterministic, their meaning is that of ``core``."""

from __future__ import annotations

from functools import lru_cache

import apsw

from talwerk.core.instants import Instant, instant_or_none


@lru_cache(maxsize=4_096)
def _instant(text: str) -> Instant | None:
    return instant_or_none(text)


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection.

    ``instant(text)`` is the microseconds UTC of an RFC 3339 text, NULL for anything else.
    """
    connection.create_scalar_function("instant", _instant, 1, deterministic=True)
