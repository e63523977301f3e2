"""Sources that send to the city by themselves: what a connector declares about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .reading import Context, Finding

PUSH = "push"
"""Key of the request that a source makes to the city; recordings name it."""
DEVICE = "device"
"""Parameter that names who sends: members ``name``, ``title`` and, where the key has a place, ``at``."""


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a source sends by itself, as data and one pure function.

    A source of a profile that has no address is one that sends. The parameters of ``parse`` are those of the profile,
    the named headers and query parameters, and :data:`DEVICE`.

    Attributes:
        parse: reads what was sent; finds nothing in what the city does not want (a join, a status).
        format: what is sent; ``parse`` gets JSON decoded, or bytes.
        headers: headers that it needs, in lower case.
        query: query parameters that it needs.
        size_max: bytes of a body at most.
        per_minute: requests that one key may send in a minute, in the long run.
        at_once: requests that it may send at once after a pause.
        files: whether files that lie in the city's inbox are read as if they had been sent.
    """

    parse: Callable[[Any, Context], Iterable[Finding]]
    format: Literal["json", "bytes"] = "json"
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    size_max: Annotated[int, Meta(gt=0, le=1 << 20)] = 1 << 16
    per_minute: Annotated[int, Meta(gt=0)] = 60
    at_once: Annotated[int, Meta(gt=0)] = 60
    files: bool = False
