"""The selection of entity types (NGSI-LD clause 4.17): names joined by ``,`` ``|`` ``;`` and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable

from talwerk.core.errors import DomainError, bad_data
from talwerk.core.query import And, Filter, OfType, Or

from .precedence import Conditions

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
    selection = _Types(text, expand).whole()
    match selection:
        case OfType(types):
            return types, None
        case And((OfType(types), *others)):
            # The first of several demands can lead the query; only the others are left to be checked.
            return types, others[0] if len(others) == 1 else And(tuple(others))
    return (), selection


class _Types(Conditions):
    name = "type"
    or_signs = ",|"
    length_max = LENGTH_MAX
    nesting_max = NESTING_MAX

    def __init__(self, text: str, expand: Callable[[str], str]) -> None:
        super().__init__(text)
        self._expand = expand

    def broken(self, why: str) -> DomainError:
        detail = f"The type selection {self.text[:80]!r} is not well-formed at character {self.at}: {why}."
        return bad_data(detail, "type")

    def either(self, items: list[Filter]) -> Filter:
        # Names beside each other are one condition, which an index of types can lead.
        named = tuple(dict.fromkeys(name for item in items if isinstance(item, OfType) for name in item.types))
        others = [item for item in items if not isinstance(item, OfType)]
        if not others:
            return OfType(named)
        parts = ([OfType(named)] if named else []) + others
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def term(self) -> Filter:
        found = self.match(_NAME)
        if found is None:
            raise self.broken("the name of a type was expected")
        return OfType((self._expand(found),))
