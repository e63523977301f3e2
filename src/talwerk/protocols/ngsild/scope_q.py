"""The query language of scopes (NGSI-LD clause 4.19): ``/a/+/c``, ``/a/#``, joined by ``;`` ``,`` ``|``, parentheses.

The grammar wants parentheses around joined scopes; the bare form ``/a;/b`` is common and read as well.
"""

from __future__ import annotations

import re

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.query import SUBTREE, And, Filter, InScope, Or

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
    if len(text) > LENGTH_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The scopeQ has {len(text)} characters; {LENGTH_MAX} is the most.")
    parser = _Parser(text)
    condition = parser.alternatives(0)
    if parser.at < len(text):
        raise parser.broken("one of ; , | was expected")
    return condition


class _Parser:
    """Reads one expression; ``at`` is the position."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._scopes = 0

    def broken(self, why: str) -> DomainError:
        return invalid(f"The scopeQ is not well-formed at character {self.at}: {why}.", "scopeQ")

    def _take(self, signs: str) -> bool:
        if self.at < len(self.text) and self.text[self.at] in signs:
            self.at += 1
            return True
        return False

    def alternatives(self, depth: int) -> Filter:
        """Scopes joined by ``,`` or ``|``, the looser operators."""
        if depth > NESTING_MAX:
            raise DomainError(Fault.TOO_COMPLEX, f"The scopeQ is nested deeper than {NESTING_MAX} levels.")
        items = [self._sequence(depth)]
        while self._take(",|"):
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _sequence(self, depth: int) -> Filter:
        """Scopes joined by ``;``."""
        items = [self._term(depth)]
        while self._take(";"):
            items.append(self._term(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _term(self, depth: int) -> Filter:
        if self._take("("):
            condition = self.alternatives(depth + 1)
            if not self._take(")"):
                raise self.broken("a closing parenthesis was expected")
            return condition
        found = _SCOPE.match(self.text, self.at)
        if found is None:
            raise self.broken("a scope was expected")
        levels = found[0].removeprefix("/").split("/")
        if not all(map(_LEVEL.fullmatch, levels)) or SUBTREE in levels[:-1]:
            raise self.broken(f"{found[0][:80]!r} is no scope")
        self.at = found.end()
        self._scopes += 1
        if self._scopes > SCOPES_MAX:
            raise DomainError(Fault.TOO_COMPLEX, f"The scopeQ has more than {SCOPES_MAX} scopes.")
        return InScope(tuple(levels))
