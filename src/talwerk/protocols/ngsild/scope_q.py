"""The query language of scopes (NGSI-LD clause 4.19): ``/a/+/c``, ``/a/#``, joined by ``;`` ``,`` ``|``, parentheses.

The grammar wants parentheses around joined scopes; the bare form ``/a;/b`` is common and read as well.
"""

from __future__ import annotations

import re

from talwerk.core.errors import DomainError, invalid
from talwerk.core.query import SUBTREE, Filter, InScope

from .precedence import Conditions

LENGTH_MAX = 4_000
SCOPES_MAX = 100
NESTING_MAX = 20

_SCOPE = re.compile(r"[^\s,|;()]+")
_LEVEL = re.compile(r"[\w\-.~:%@]+|\+|#")


def parse_scope_q(text: str) -> Filter:
    """The filter that a scopeQ expression stands for.

    Args:
        text: the expression.

    Raises:
        DomainError: InvalidRequest naming the position when the text breaks the grammar; TooComplexQuery when it is
            too long or too deep.
    """
    return _Scopes(text).whole()


class _Scopes(Conditions):
    name = "scopeQ"
    or_signs = ",|"
    length_max = LENGTH_MAX
    nesting_max = NESTING_MAX

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._scopes = 0

    def broken(self, why: str) -> DomainError:
        return invalid(f"The scopeQ is not well-formed at character {self.at}: {why}.", "scopeQ")

    def term(self) -> Filter:
        start = self.at
        found = self.match(_SCOPE)
        if found is None:
            raise self.broken("a scope was expected")
        levels = found.removeprefix("/").split("/")
        if not all(map(_LEVEL.fullmatch, levels)) or SUBTREE in levels[:-1]:
            self.at = start
            raise self.broken(f"{found[:80]!r} is no scope")
        self._scopes += 1
        if self._scopes > SCOPES_MAX:
            raise self.too_complex(f"has more than {SCOPES_MAX} scopes")
        return InScope(tuple(levels))
