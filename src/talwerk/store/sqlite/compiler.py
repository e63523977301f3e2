"""Filters as SQL over ``entity e JOIN doc d``; ``core.match`` is the meaning.

Values, names and paths are always bound. Every value that a query can hold is compiled, those that no stored value can
equal included: integers beyond 64 bits and texts with lone surrogates still have their place in the order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.match import ANY_LANGUAGE, OWN_TIMES
from talwerk.core.patterns import expression
from talwerk.core.query import (
    LINKS_MAX,
    OWN,
    And,
    Compare,
    Exists,
    Filter,
    HasId,
    IdMatches,
    InScope,
    Linked,
    Located,
    Matches,
    Moment,
    Nothing,
    OfType,
    Operator,
    Or,
    Path,
    Range,
)
from talwerk.core.values import INT_MAX, INT_MIN, is_text

PARTS_MAX = 1_000
DEPTH_MAX = 100
"""Conditions and operands of a filter, and how deep they may be nested."""

_TIME_MEMBERS = {"observedAt": "o", "createdAt": "c", "modifiedAt": "m"}
_TEXT_MEMBERS = {"unitCode": "u", "datasetId": "d"}
LOCATED = msgspec.json.Encoder()
_NEVER_ABSENT = ("c", "m")
_NUMBER = "v.type IN ('integer', 'real')"
_TRUTH = "v.type IN ('true', 'false')"
_WIDTH = 16


class Clause(msgspec.Struct, frozen=True):
    """A condition in SQL and the values bound to it, in order."""

    sql: str
    bound: tuple[Any, ...] = ()


NEVER = Clause("0")
ALWAYS = Clause("1")


class _View(msgspec.Struct, frozen=True):
    """What a condition may see.

    Attributes:
        attributes: IRIs of attributes, None for all.
        predicate: what a linked entity has to fulfil beside, None when every entity may be seen.
        types: the table of the types that entities have.
    """

    attributes: frozenset[str] | None
    predicate: Filter | None
    types: str = "entity_type"


_CURRENT = "main.entity_type"
"""The types of linked entities: with its schema's name the table stays, where others give way to those of the deleted,
because a deleted entity is nobody's target."""
_EVERYTHING = _View(None, None, _CURRENT)


def condition(tree: Filter, attributes: frozenset[str] | None = None, predicate: Filter | None = None) -> Clause:
    """The filter as a clause over ``e`` and ``d``.

    Args:
        tree: the filter.
        attributes: IRIs of the attributes that may be seen, None when all may.
        predicate: what a linked entity has to fulfil to be seen, None when every one may be.

    Raises:
        DomainError: TooComplexQuery for more than 1,000 parts, 100 levels or 5 links one after another.
    """
    _check_size(tree, _Bounds() if predicate is None else _Bounds(link=_check_size(predicate, _Bounds())))
    return _compiled(tree, _View(attributes, predicate))


def joined(clauses: Sequence[Clause], word: str = "AND") -> Clause:
    """Clauses joined by AND or OR, in groups, because SQLite bounds the depth of an expression."""
    while len(clauses) > _WIDTH:
        clauses = [joined(clauses[n : n + _WIDTH], word) for n in range(0, len(clauses), _WIDTH)]
    sql = f" {word} ".join(f"({clause.sql})" for clause in clauses)
    return Clause(sql, tuple(value for clause in clauses for value in clause.bound))


def of_types(types: Sequence[str], table: str = "entity_type") -> Clause:
    """The clause that an entity has one of the types."""
    types = [name for name in types if is_text(name)]
    marks = ", ".join("?" * len(types))
    return Clause(
        f"EXISTS (SELECT 1 FROM {table} y WHERE y.eid = e.eid "
        f"AND y.type IN (SELECT tid FROM term WHERE text IN ({marks})))",
        tuple(types),
    )


def of_ids(ids: Sequence[str]) -> Clause:
    """The clause that an entity has one of the ids."""
    if not all(map(is_text, ids)):
        ids = [id_ for id_ in ids if is_text(id_)]
    if len(ids) == 1:
        return Clause("e.id = ?", (ids[0],))
    return Clause("e.id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))


def having(names: Sequence[str]) -> Clause:
    """The clause that an entity has one of the attributes now."""
    return joined([Clause("json_type(d.body, ?) IS NOT NULL", (json_path(name),)) for name in names], "OR")


def json_path(*names: str) -> str:
    """SQLite's path to a member; each name is quoted, so that no character in it has a meaning."""
    return "$" + "".join("." + json.dumps(name, ensure_ascii=False) for name in names)


class _Bounds(msgspec.Struct, frozen=True):
    """Where in a tree: levels above, links above, and the parts that each link adds."""

    depth: int = 0
    links: int = 0
    link: int = 0

    def below(self, links: int = 0) -> _Bounds:
        return _Bounds(self.depth + 1, self.links + links, self.link)


def _check_size(tree: Filter, at: _Bounds) -> int:
    """Count conditions and operands."""
    if at.depth > DEPTH_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The query is nested more than {DEPTH_MAX} levels deep.")
    if at.links > LINKS_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The query follows more than {LINKS_MAX} links one after another.")
    parts = 1
    match tree:
        case And(items) | Or(items):
            parts += sum(_check_size(item, at.below()) for item in items)
        case Linked(_, types, item):
            # The predicate stands in the statement once for every link.
            parts += len(types) + at.link + _check_size(item, at.below(links=1))
        case Compare():
            parts += len(tree.operands)
        case OfType(names) | InScope(names) | HasId(names):
            parts += len(names)
    if parts > PARTS_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The query has more than {PARTS_MAX} conditions and operands.")
    return parts


def _compiled(tree: Filter, view: _View) -> Clause:
    match tree:
        case And(items):
            return joined([_compiled(item, view) for item in items]) if items else ALWAYS
        case Or(items):
            return joined([_compiled(item, view) for item in items], "OR") if items else NEVER
        case Exists(path) | Compare(path=path) | Matches(path=path) | Linked(path=path):
            if not _leads_anywhere(path, view):
                return NEVER
            return _linked(tree, view) if isinstance(tree, Linked) else _leaf(tree)
        case Located(attribute):
            hidden = view.attributes is not None and attribute not in view.attributes
            return NEVER if hidden else located(tree)
    return _of_entity(tree, view)


def _leads_anywhere(path: Path, view: _View) -> bool:
    hidden = view.attributes is not None and path.attribute not in view.attributes and path.attribute != OWN
    return not hidden and _storable(path)


def _linked(tree: Linked, view: _View) -> Clause:
    """The clause that a relationship leads to an entity that may be seen and is as wanted."""
    path = tree.path
    if path.attribute == OWN or path.trail or path.sub in _TIME_MEMBERS or path.sub in _TEXT_MEMBERS:
        return NEVER
    tables, holder = _instances(path.attribute, path.via if path.sub is None else (*path.via, path.sub))
    wanted = [_compiled(tree.item, _View(view.attributes, view.predicate, _CURRENT))]
    if tree.types:
        wanted.append(of_types(tree.types, _CURRENT))
    if view.predicate is not None:
        wanted.append(_compiled(view.predicate, _EVERYTHING))
    there = joined(wanted)
    # The linked entity has a SELECT of its own, in which e and d mean it: all clauses fit at any depth. The type is
    # asked for because an id is a text, and SQLite would take the number 5 for the text '5'.
    sql = (
        f"EXISTS (SELECT 1 FROM {tables.sql}, jsonb_each({holder}, '$.v') t "
        f"WHERE json_extract({holder}, '$.k') IN ('Relationship', 'ListRelationship') "
        f"AND json_type({holder}, '$.v') <> 'object' AND t.type = 'text' "
        "AND EXISTS (SELECT 1 FROM main.entity AS e CROSS JOIN main.doc AS d ON d.eid = e.eid "
        f"WHERE e.id = t.value AND {there.sql}))"
    )
    return Clause(sql, tables.bound + there.bound)


def _of_entity(tree: OfType | IdMatches | HasId | InScope | Nothing, view: _View) -> Clause:
    match tree:
        case OfType(types):
            return of_types(types, view.types) if types else NEVER
        case IdMatches(pattern):
            return Clause("fits(e.id, ?)", (_checked(pattern),))
        case HasId(ids):
            return of_ids(ids)
        case InScope(levels):
            return _in_scope(levels)
        case Nothing():
            return NEVER


def located(tree: Located) -> Clause:
    """The clause that an entity has a geometry in the relation."""
    if not is_text(tree.attribute):
        return NEVER
    # Asked of the document: the table of geometries leads, and knows nothing of entities that were deleted.
    return Clause(
        "EXISTS (SELECT 1 FROM jsonb_each(d.body, ?) i WHERE json_extract(i.value, '$.k') = 'GeoProperty' "
        "AND located(i.value -> '$.v', ?))",
        (json_path(tree.attribute), LOCATED.encode(tree).decode()),
    )


def _checked(pattern: str) -> str:
    """The pattern, once it has proven to be one: an error inside of a statement would come with every row."""
    expression(pattern)
    return pattern


def _in_scope(levels: tuple[str, ...]) -> Clause:
    if not levels or not all(map(is_text, levels)):
        return NEVER
    sql = "d.scopes IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(d.scopes) z WHERE in_scope(z.value, ?))"
    return Clause(sql, (json.dumps(levels),))


def _storable(path: Path) -> bool:
    """Whether a path can lead anywhere: no stored name has characters that cannot be stored."""
    return all(map(is_text, (path.attribute, path.sub or "", *path.trail, *path.via)))


def _leaf(tree: Exists | Compare | Matches) -> Clause:
    path = tree.path
    if path.attribute == OWN:
        return _own_time(tree)
    if path.sub in _TIME_MEMBERS:
        column = _TIME_MEMBERS[path.sub]
        tables, holder = _instances(path.attribute, path.via)
        default = "0" if column in _NEVER_ABSENT else "NULL"
        return _time_leaf(tree, tables, f"coalesce(json_extract({holder}, '$.{column}'), {default})")
    match tree:
        case Exists():
            return _reached(path, ALWAYS)
        case Matches():
            return _pattern_leaf(tree)
        case Compare():
            return _compared(tree)


def _own_time(tree: Exists | Compare | Matches) -> Clause:
    path = tree.path
    if path.sub not in OWN_TIMES or path.via:
        return NEVER
    return _time_leaf(tree, Clause("(SELECT 1)"), "e.created" if path.sub == "createdAt" else "d.modified")


def _compared(tree: Compare) -> Clause:
    if not tree.operands:
        return NEVER
    if tree.operator is Operator.UNEQUAL:
        equal = joined([_equal(operand) for operand in tree.operands], "OR")
        there, none = _reached(tree.path, ALWAYS), _reached(tree.path, equal)
        return Clause(f"{there.sql} AND NOT {none.sql}", there.bound + none.bound)
    if tree.operator is Operator.EQUAL:
        return _reached(tree.path, joined([_equal(operand) for operand in tree.operands], "OR"))
    return _reached(tree.path, _ordered(tree.operands[0], tree.operator.value), linked=False)


def _pattern_leaf(tree: Matches) -> Clause:
    found = _reached(tree.path, Clause("v.type = 'text' AND fits(v.atom, ?)", (_checked(tree.pattern),)), linked=False)
    if not tree.negated:
        return found
    there = _reached(tree.path, Clause("v.type = 'text'"), linked=False)
    return Clause(f"{there.sql} AND NOT {found.sql}", there.bound + found.bound)


def _instances(attribute: str, via: Sequence[str]) -> tuple[Clause, str]:
    """The tables that list instances of an attribute, or of a sub-attribute of it, and the column that holds them."""
    tables, bound = "jsonb_each(d.body, ?) i", [json_path(attribute)]
    holder = "i.value"
    for depth, name in enumerate(via):
        tables += f", jsonb_each({holder}, ?) n{depth}"
        bound.append(json_path("s", name))
        holder = f"n{depth}.value"
    return Clause(tables, tuple(bound)), holder


def _time_leaf(tree: Exists | Compare | Matches, tables: Clause, at: str) -> Clause:
    """A condition on a time (column ``at`` of the tables); it is compared with moments alone and has no members."""
    if tree.path.trail or isinstance(tree, Matches):
        return NEVER
    bound = tables.bound
    rows = f"SELECT 1 FROM {tables.sql} WHERE"
    if isinstance(tree, Exists):
        return Clause(f"EXISTS ({rows} {at} IS NOT NULL)", bound)
    moments = [operand for operand in tree.operands if _is_moment(operand)]
    if tree.operator in (Operator.EQUAL, Operator.UNEQUAL):
        equal = joined([_time_equal(operand, at) for operand in moments], "OR") if moments else NEVER
        found = Clause(f"EXISTS ({rows} {equal.sql})", bound + equal.bound)
        if tree.operator is Operator.EQUAL:
            return found
        return Clause(f"EXISTS ({rows} {at} IS NOT NULL) AND NOT {found.sql}", bound + found.bound)
    if not moments or moments[0] is not tree.operands[0]:
        return NEVER
    wanted = _against(at, tree.operator.value, _low(moments[0]).at)
    return Clause(f"EXISTS ({rows} {wanted.sql})", bound + wanted.bound)


def _is_moment(operand: Any) -> bool:
    return isinstance(_low(operand), Moment)


def _low(operand: Any) -> Any:
    return operand.low if isinstance(operand, Range) else operand


def _time_equal(operand: Any, at: str) -> Clause:
    match operand:
        case Range(Moment(low), Moment(high)):
            return joined([_against(at, ">=", low), _against(at, "<=", high)])
        case Moment(moment):
            return _against(at, "=", moment)
    return NEVER


def _reached(path: Path, wanted: Clause, *, linked: bool = True) -> Clause:
    """The clause that a value ``v`` at the path is as wanted; lists count element by element.

    Args:
        path: where the value is.
        wanted: a condition on the columns ``v.type`` and ``v.atom``.
        linked: whether the objects of relationships are values.
    """
    if path.sub in _TEXT_MEMBERS:
        tables, holder = _instances(path.attribute, path.via)
        place, of_kind = Clause("?", (json_path(_TEXT_MEMBERS[path.sub], *path.trail),)), ""
        of_object = ALWAYS if wanted is ALWAYS else NEVER
    else:
        tables, holder = _instances(path.attribute, path.via if path.sub is None else (*path.via, path.sub))
        typed = f"json_extract({holder}, '$.k') = 'Property' AND json_type({holder}, '$.v.\"@value\"') IS NOT NULL"
        places = (json_path("v", "@value", *path.trail), json_path("v", *path.trail))
        place = Clause(f"iif({typed}, ?, ?)", places)
        if path.trail == ANY_LANGUAGE:
            place = Clause(f"iif({typed}, ?, iif({_speaks(holder)}, '$.v', ?))", places)
        of_kind = "" if linked else f"json_extract({holder}, '$.k') NOT IN ('Relationship', 'ListRelationship') AND "
        of_object = _of_object(path, holder, wanted)
    # A scalar null is no value; jsonb_each would list the members of an object.
    sql = (
        f"EXISTS (SELECT 1 FROM {tables.sql}, (SELECT 1) p WHERE {of_kind}CASE json_type({holder}, {place.sql}) "
        f"WHEN 'null' THEN 0 WHEN 'object' THEN {of_object.sql} "
        f"ELSE EXISTS (SELECT 1 FROM jsonb_each({holder}, {place.sql}) v WHERE {wanted.sql}) END)"
    )
    return Clause(sql, (*tables.bound, *place.bound, *of_object.bound, *place.bound, *wanted.bound))


def _of_object(path: Path, holder: str, wanted: Clause) -> Clause:
    """Whether an object at a path is as wanted: it only exists, but for the texts of a LanguageProperty."""
    if wanted is ALWAYS:
        return ALWAYS
    if path.trail not in ((), ANY_LANGUAGE):
        return NEVER
    sql = (
        f"{_speaks(holder)} AND EXISTS (SELECT 1 FROM jsonb_each({holder}, '$.v') l WHERE CASE l.type "
        f"WHEN 'array' THEN EXISTS (SELECT 1 FROM jsonb_each(l.value) v WHERE {wanted.sql}) "
        f"ELSE EXISTS (SELECT 1 FROM (SELECT l.type AS type, l.atom AS atom) v WHERE {wanted.sql}) END)"
    )
    return Clause(sql, wanted.bound * 2)


def _speaks(holder: str) -> str:
    """Whether an instance is a LanguageProperty with a map."""
    return f"json_extract({holder}, '$.k') = 'LanguageProperty' AND json_type({holder}, '$.v') = 'object'"


def _equal(operand: Any) -> Clause:
    if isinstance(operand, Range):
        return joined([_ordered(operand.low, ">="), _ordered(operand.high, "<=")])
    return _ordered(operand, "=")


def _ordered(operand: Any, sign: str) -> Clause:
    match _low(operand):
        case Moment(at):
            return joined([Clause("v.type = 'text'"), _against("instant(v.atom)", sign, at)])
        case bool() as truth:
            return Clause(f"{_TRUTH} AND (v.type = 'true') {sign} ?", (int(truth),))
        case int() | float() as number:
            return joined([Clause(_NUMBER), _against("v.atom", sign, number)])
        case text:
            return joined([Clause("v.type = 'text'"), _against_text("v.atom", sign, text)])


def _against(column: str, sign: str, number: int | float) -> Clause:
    """Compare a column of numbers with any number."""
    if isinstance(number, float) or INT_MIN <= number <= INT_MAX:
        return Clause(f"{column} {sign} ?", (number,))
    try:
        near = float(number)
    except OverflowError:
        near = float("inf") if number > 0 else float("-inf")
    if near in (float("inf"), float("-inf")) or int(near) != number:
        # No stored number equals it: it lies between its nearest floating number and the next one.
        if sign == "=":
            return NEVER
        sign = _beside(sign, above=near > number)
    return Clause(f"{column} {sign} ?", (near,))


def _against_text(column: str, sign: str, text: str) -> Clause:
    """Compare a column of texts with any text; both orders are that of code points."""
    surrogate = next((n for n, character in enumerate(text) if "\ud800" <= character <= "\udfff"), None)
    if surrogate is None:
        return Clause(f"{column} {sign} ?", (text,))
    if sign == "=":
        return NEVER
    # No stored text holds a lone surrogate: in the order it lies just below the first character after them.
    return Clause(f"{column} {_beside(sign, above=True)} ?", (text[:surrogate] + "\ue000",))


def _beside(sign: str, *, above: bool) -> str:
    """The sign for a neighbour of an operand that nothing equals, the neighbour above or below it."""
    if sign.startswith(">"):
        return ">=" if above else ">"
    return "<" if above else "<="
