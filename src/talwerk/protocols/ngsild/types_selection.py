"""The selection of entity types (NGSI-LD clause 4.17): names joined by ``,`` ``|`` ``;`` and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.query import And, Filter, OfType, Or

LENGTH_MAX = 4_000
NESTING_MAX = 10

_NAME = re.compile(r"[^\s,|;()]+")


def parse_types(text: str, expand: Callable[[str], str]) -> tuple[tuple[str, ...], Filter | None]:
    """The types that a selection names.

    Args:
        text: the selection.
        expand: makes the IRI of a name.

    Returns:
        IRIs, any of which an entity has to have, and the rest of the selection as a filter, None for no rest.

    Raises:
        DomainError: BadRequestData when it is not well-formed; TooComplexQuery when it is too long or too deep.
    """
    if len(text) > LENGTH_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The type has {len(text)} characters; {LENGTH_MAX} is the most.", "type")
    parser = _Parser(text, expand)
    selection = parser.alternatives(0)
    if parser.at < len(text):
        raise parser.broken()
    match selection:
        case OfType(types):
            return types, None
        case And((OfType(types), *others)):
            # The first of several demands can lead the query; only the others are left to be checked.
            return types, others[0] if len(others) == 1 else And(tuple(others))
    return (), selection


class _Parser:
    def __init__(self, text: str, expand: Callable[[str], str]) -> None:
        self.text = text
        self.at = 0
        self._expand = expand

    def broken(self) -> DomainError:
        return bad_data(f"The type selection is not well-formed at character {self.at}: {self.text[:80]!r}.", "type")

    def _sign(self, signs: str) -> bool:
        if self.at < len(self.text) and self.text[self.at] in signs:
            self.at += 1
            return True
        return False

    def alternatives(self, depth: int) -> Filter:
        if depth > NESTING_MAX:
            raise DomainError(Fault.TOO_COMPLEX, f"The type is nested deeper than {NESTING_MAX} levels.", "type")
        items = [self._sequence(depth)]
        while self._sign(",|"):
            items.append(self._sequence(depth))
        named = tuple(dict.fromkeys(name for item in items if isinstance(item, OfType) for name in item.types))
        others = [item for item in items if not isinstance(item, OfType)]
        if not others:
            return OfType(named)
        parts = ([OfType(named)] if named else []) + others
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _sequence(self, depth: int) -> Filter:
        items = [self._selection(depth)]
        while self._sign(";"):
            items.append(self._selection(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _selection(self, depth: int) -> Filter:
        if self._sign("("):
            inner = self.alternatives(depth + 1)
            if not self._sign(")"):
                raise self.broken()
            return inner
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.broken()
        self.at = found.end()
        return OfType((self._expand(found[0]),))
