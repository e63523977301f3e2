"""Parameters to queries: which entities and which page (NGSI-LD clauses 5.7.2 and 5.5.9)."""

from __future__ import annotations

from collections.abc import Sequence

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.query import LIMIT_DEFAULT, LIMIT_MAX, OFFSET_MAX, Page, Query

from .contexts import Context
from .geo_q import geo_condition
from .parameters import Parameters
from .projection import Projection, projection
from .q import parse_q
from .scope_q import parse_scope_q
from .selectors import Selector, both, entity_id, selector, together

__all__ = ["Projection", "entity_id", "page", "projection", "selection"]


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
    _check_names(parameters, context)
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


def _check_names(parameters: Parameters, context: Context) -> None:
    """Make sure of what is read and changes nothing here.

    Values are never expanded unless expandValues asks for it, so that jsonKeys has nothing to prevent; and without
    registrations there are no context sources that csf could choose from (clause 4.9).
    """
    for name in parameters.parts("jsonKeys"):
        context.expand(name)
    csf = parameters.text("csf")
    if csf:
        parse_q(csf, context.expand)
