"""Selections of entities by id, pattern of ids and types (NGSI-LD clauses 5.2.8 and 5.2.33)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.identifiers import Iri, is_iri
from talwerk.core.patterns import expression
from talwerk.core.query import And, Filter, HasId, IdMatches, OfType, Or

from .contexts import Context
from .types_selection import parse_types

IDS_MAX = 1_000
SELECTORS_MAX = 100


class Selector(msgspec.Struct, frozen=True, kw_only=True):
    """Entities that fulfil everything which is not empty.

    Attributes:
        types: IRIs, any of which.
        ids: any of which.
        filter: what types and ids cannot say.
    """

    types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    filter: Filter | None = None

    def condition(self) -> Filter:
        """The selector as a filter alone."""
        parts = [OfType(self.types)] if self.types else []
        return both([*parts, HasId(self.ids) if self.ids else None, self.filter]) or And(())


def both(conditions: Sequence[Filter | None]) -> Filter | None:
    """All of the conditions that there are, None for none."""
    given = tuple(condition for condition in conditions if condition is not None)
    return None if not given else given[0] if len(given) == 1 else And(given)


def entity_id(text: str, where: str = "id") -> Iri:
    """The id of an entity in a path or parameter.

    Raises:
        DomainError: BadRequestData when it is not a URI.
    """
    if not is_iri(text):
        raise bad_data(f"The entity id {text[:80]!r} is not a URI.", where)
    return Iri(text)


def selector(types: str | None, ids: Sequence[str], pattern: str | None, context: Context) -> Selector:
    """The selector that a type selection, ids and a pattern of ids make; ids win over the pattern (clause 5.7.2).

    Raises:
        DomainError: BadRequestData, InvalidRequest or TooComplexQuery for whatever is wrong with a part.
    """
    if len(ids) > IDS_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The id has {len(ids)} ids; {IDS_MAX} is the most.", "id")
    named, condition = parse_types(types, context.expand) if types and types != "*" else ((), None)
    listed = tuple(dict.fromkeys(entity_id(text) for text in ids))
    of_pattern = None
    if pattern is not None:
        try:
            expression(pattern)
        except DomainError as error:
            raise invalid(error.detail, "idPattern") from error
        of_pattern = None if listed else IdMatches(pattern)
    return Selector(types=named, ids=listed, filter=both([condition, of_pattern]))


def posted_selectors(given: Any, context: Context) -> tuple[Selector, ...]:
    """The selectors of the member ``entities`` of a query by POST.

    Raises:
        DomainError: BadRequestData when it is no list of selectors; whatever is wrong with one of them.
    """
    if not isinstance(given, list) or not 0 < len(given) <= SELECTORS_MAX:
        raise bad_data(f"The member entities is not a list of 1 to {SELECTORS_MAX} selectors.", "/entities")
    return tuple(_posted(entry, f"/entities/{index}", context) for index, entry in enumerate(given))


def _posted(entry: Any, at: str, context: Context) -> Selector:
    if not isinstance(entry, dict) or not entry.keys() <= {"id", "idPattern", "type"}:
        raise bad_data("The selector is not an object of type, id and idPattern.", at)
    kind, pattern, ids = entry.get("type"), entry.get("idPattern"), entry.get("id", [])
    ids = ids if isinstance(ids, list) else [ids]
    if isinstance(kind, list):
        kind = ",".join(map(str, kind))
    if not isinstance(kind, str) or not kind:
        raise bad_data("The selector has no type.", f"{at}/type")
    if not (pattern is None or isinstance(pattern, str)) or not all(isinstance(text, str) for text in ids):
        raise bad_data("The selector's id and idPattern are not texts.", at)
    return selector(kind, ids, pattern, context)


def together(selectors: Sequence[Selector]) -> Selector:
    """One selector for everything that any of them selects."""
    if len(selectors) == 1:
        return selectors[0]
    # What all of them have can lead the query; the whole of each is checked beside it.
    types = {name for one in selectors for name in one.types} if all(one.types for one in selectors) else ()
    ids = {name for one in selectors for name in one.ids} if all(one.ids for one in selectors) else ()
    condition = Or(tuple(one.condition() for one in selectors))
    return Selector(types=tuple(sorted(types)), ids=tuple(sorted(ids)), filter=condition)
