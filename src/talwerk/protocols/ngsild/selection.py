"""Parameters to queries: which entities, which of their members, which page (NGSI-LD clauses 5.7.2, 4.21, 5.5.9)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.query import LIMIT_DEFAULT, LIMIT_MAX, OFFSET_MAX, Page, Query

from .contexts import Context
from .geo_q import geo_condition
from .parameters import Parameters
from .q import parse_q
from .scope_q import parse_scope_q
from .selectors import Selector, both, entity_id, selector, together

__all__ = ["Projection", "entity_id", "page", "projection", "selection"]

NAMES_MAX = 200

CORE_MEMBERS = frozenset({"id", "type", "scope", "createdAt", "modifiedAt"})
_ALTERNATIVES = re.compile(r"[,|]")


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """Which members of an entity are returned.

    Attributes:
        attributes: IRIs of the attributes, None for all.
        members: the entity's own members (id, type, scope, times), None for all.
        omit: members and attribute IRIs to leave out.
        having: IRIs of attributes of which an entity needs at least one (parameter attrs).
    """

    attributes: tuple[str, ...] | None = None
    members: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    having: tuple[str, ...] = ()


def projection(parameters: Parameters, context: Context) -> Projection:
    """What attrs, pick and omit ask for (clause 4.21).

    Raises:
        DomainError: BadRequestData when they contradict each other or hold impossible names; OperationNotSupported
            for members of linked entities.
    """
    attrs, pick, omit = (parameters.text(name) for name in ("attrs", "pick", "omit"))
    if attrs is None and pick is None and omit is None:
        return Projection()
    if attrs is not None and (pick is not None or omit is not None):
        raise bad_data("The parameter attrs cannot stand beside pick or omit.", "attrs")
    if attrs is not None:
        named = _names(parameters.parts("attrs"), "attrs", context)
        return Projection(attributes=named, having=named)
    picked = _members(pick, "pick") if pick is not None else None
    left_out = _members(omit, "omit") if omit is not None else ()
    both = set(picked or ()) & set(left_out)
    if both:
        raise bad_data(f"The member {sorted(both)[0]} stands both in pick and in omit.", "omit")
    omitted = {name for name in left_out if name in CORE_MEMBERS}
    omitted |= set(_names(tuple(name for name in left_out if name not in CORE_MEMBERS), "omit", context))
    if picked is None:
        return Projection(omit=frozenset(omitted))
    return Projection(
        attributes=_names(tuple(name for name in picked if name not in CORE_MEMBERS), "pick", context),
        members=frozenset(name for name in picked if name in CORE_MEMBERS),
        omit=frozenset(omitted),
    )


def _names(names: tuple[str, ...], parameter: str, context: Context) -> tuple[str, ...]:
    if len(names) > NAMES_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The {parameter} has {len(names)} names; {NAMES_MAX} is the most.")
    try:
        return tuple(dict.fromkeys(context.expand(name) for name in names))
    except DomainError as error:
        raise bad_data(error.detail, parameter) from error


def _members(text: str, parameter: str) -> tuple[str, ...]:
    """The names in a pick or omit; members of linked entities stand in braces."""
    _check_braces(text, parameter)
    if "{" in text:
        raise DomainError(Fault.NOT_SUPPORTED, f"Members of linked entities in {parameter} are not supported.")
    return tuple(part.strip() for part in _ALTERNATIVES.split(text))


def _check_braces(text: str, parameter: str) -> None:
    depth = 0
    before = ","
    for sign in text:
        if (sign in "{},|" and before in "{,|") or (sign not in "},|" and before == "}"):
            raise bad_data(f"The {parameter} is not well-formed: {text[:80]!r}.", parameter)
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
        before = sign
    if depth != 0 or before in "{,|":
        raise bad_data(f"The {parameter} is not well-formed: {text[:80]!r}.", parameter)


def page(parameters: Parameters) -> Page:
    """What limit, offset, after and count ask for (clauses 5.5.9 and 6.3.10).

    Raises:
        DomainError: BadRequestData for impossible numbers; TooManyResults beyond the limits.
    """
    limit = parameters.number("limit")
    offset = parameters.number("offset") or 0
    count = parameters.flag("count")
    after = parameters.text("after")
    if limit == 0 and not count:
        raise bad_data("The limit is 0 and no count is asked for.", "limit")
    if limit is not None and limit > LIMIT_MAX:
        raise DomainError(Fault.TOO_MANY_RESULTS, f"The limit is {limit}; {LIMIT_MAX} is the most.", "limit")
    if offset > OFFSET_MAX:
        detail = f"The offset is {offset}; {OFFSET_MAX} is the most, the links with rel=next lead further."
        raise DomainError(Fault.TOO_MANY_RESULTS, detail, "offset")
    if offset and after:
        raise bad_data("The parameter offset cannot stand beside after.", "offset")
    return Page(limit=LIMIT_DEFAULT if limit is None else limit, after=after, offset=offset, count=count)


def selection(parameters: Parameters, context: Context, shown: Projection, posted: Sequence[Selector] = ()) -> Query:
    """The query that parameters make (clauses 5.7.2 and 6.4.3.2).

    Args:
        parameters: of the request; those of a query by POST stand in its body.
        context: of its names.
        shown: what is returned.
        posted: selectors of a query by POST; an entity that one of them selects is selected.

    Raises:
        DomainError: BadRequestData when nothing restricts it and it is not local; whatever is wrong with a part.
    """
    q_text, scope_text = parameters.text("q"), parameters.text("scopeQ")
    located = geo_condition(parameters, context)
    restricted = posted or parameters.text("type") or q_text or shown.having or located
    if not restricted and not parameters.flag("local"):
        raise bad_data("At least one of type, attrs, q and georel is needed; local=true lifts that.")
    if posted:
        chosen = together(posted)
    else:
        ids = parameters.parts("id")
        chosen = selector(parameters.text("type"), ids, parameters.text("idPattern"), context)
    expand_values = frozenset(parameters.parts("expandValues"))
    conditions = (
        located,
        parse_scope_q(scope_text) if scope_text else None,
        parse_q(q_text, context.expand, expand_values) if q_text else None,
        chosen.filter,
    )
    return Query(
        types=chosen.types,
        ids=chosen.ids,
        having=shown.having,
        filter=both(conditions),
        attributes=shown.attributes,
        page=page(parameters),
    )
