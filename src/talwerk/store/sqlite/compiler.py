"""Filters as SQL over ``entity e JOIN doc d``. Values, names and paths are always bound; ``core.match`` is the meaning.

What SQL cannot say safely (integers beyond 64 bits, broken texts, very large trees) is handed to ``core.match``
itself through the function ``judged``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import And, Compare, Exists, Filter, Moment, Nothing, OfType, Operator, Or, Path, Range
from talwerk.core.values import INT_MAX, INT_MIN, is_text

from .functions import Judgement

NODES_MAX = 200
"""Nodes that are compiled; a larger tree is judged by ``core.match``."""

NODES_LIMIT = 10_000
DEPTH_LIMIT = 100
"""Beyond these a tree is refused."""

_TIME_MEMBERS = {"observedAt": "o", "createdAt": "c", "modifiedAt": "m"}
_TEXT_MEMBERS = {"unitCode": "u", "datasetId": "d"}
_NEVER_ABSENT = ("c", "m")
_NUMBER = "v.type IN ('integer', 'real')"
_TRUTH = "v.type IN ('true', 'false')"


class Clause(msgspec.Struct, frozen=True):
    """A condition in SQL and the values bound to it, in order."""

    sql: str
    bound: tuple[Any, ...] = ()


NEVER = Clause("0")
ALWAYS = Clause("1")


def condition(tree: Filter, attributes: frozenset[str] | None = None) -> Clause:
    """The filter as a clause over ``e`` and ``d``.

    Args:
        tree: the filter.
        attributes: IRIs of the attributes that may be seen, None when all may.

    Raises:
        DomainError: TooComplexQuery for more than 10,000 nodes or 100 levels.
    """
    if _size(tree) > NODES_MAX:
        return _judged(tree, attributes)
    return _compiled(tree, attributes)


def joined(clauses: Sequence[Clause], word: str = "AND") -> Clause:
    """Clauses joined by AND or OR."""
    sql = f" {word} ".join(f"({clause.sql})" for clause in clauses)
    return Clause(sql, tuple(value for clause in clauses for value in clause.bound))


def of_types(types: Sequence[str]) -> Clause:
    """The clause that an entity has one of the types."""
    marks = ", ".join("?" * len(types))
    return Clause(
        "EXISTS (SELECT 1 FROM entity_type y WHERE y.eid = e.eid "
        f"AND y.type IN (SELECT tid FROM term WHERE text IN ({marks})))",
        tuple(types),
    )


def having(names: Sequence[str]) -> Clause:
    """The clause that an entity has one of the attributes now."""
    return joined([Clause("json_type(d.body, ?) IS NOT NULL", (json_path(name),)) for name in names], "OR")


def json_path(*names: str) -> str:
    """SQLite's path to a member; each name is quoted, so that no character in it has a meaning."""
    return "$" + "".join("." + json.dumps(name, ensure_ascii=False) for name in names)


def _size(tree: Filter, depth: int = 0) -> int:
    """Number of operands and nodes."""
    if depth > DEPTH_LIMIT:
        raise DomainError(Fault.TOO_COMPLEX, f"The query is nested more than {DEPTH_LIMIT} levels deep.")
    size = 1
    match tree:
        case And(items) | Or(items):
            size += sum(_size(item, depth + 1) for item in items)
        case Compare():
            size += len(tree.operands)
        case OfType(types):
            size += len(types)
    if size > NODES_LIMIT:
        raise DomainError(Fault.TOO_COMPLEX, f"The query has more than {NODES_LIMIT} parts.")
    return size


def _judged(tree: Filter, attributes: frozenset[str] | None) -> Clause:
    return Clause("judged(?, d.types, json(d.body))", (apsw.pyobject(Judgement(tree, attributes)),))


def _compiled(tree: Filter, attributes: frozenset[str] | None) -> Clause:
    match tree:
        case And(items):
            return joined([_compiled(item, attributes) for item in items]) if items else ALWAYS
        case Or(items):
            return joined([_compiled(item, attributes) for item in items], "OR") if items else NEVER
        case OfType(types):
            return of_types(types) if types else NEVER
        case Nothing():
            return NEVER
        case Exists(path) | Compare(path=path):
            if attributes is not None and path.attribute not in attributes:
                return NEVER
            return _judged(tree, attributes) if _odd(tree) else _leaf(tree)


def _odd(tree: Exists | Compare) -> bool:
    """Whether SQLite could not be told the names or operands."""
    names = (tree.path.attribute, tree.path.sub or "", *tree.path.trail)
    if not all(map(is_text, names)):
        return True
    return isinstance(tree, Compare) and any(map(_odd_operand, tree.operands))


def _odd_operand(operand: Any) -> bool:
    match operand:
        case Range(low, high):
            kinds = {_kind(low), _kind(high)}
            return len(kinds) > 1 or bool in kinds or _odd_operand(low) or _odd_operand(high)
        case Moment(at):
            return _odd_operand(at)
        case str():
            return not is_text(operand)
        case bool() | float():
            return False
        case int():
            return not INT_MIN <= operand <= INT_MAX
    return True


def _kind(operand: Any) -> type:
    return float if isinstance(operand, int) and not isinstance(operand, bool) else type(operand)


def _leaf(tree: Exists | Compare) -> Clause:
    member = tree.path.sub
    if member in _TIME_MEMBERS:
        return _time_leaf(tree, _TIME_MEMBERS[member])
    if isinstance(tree, Exists):
        return _reached(tree.path, Clause("1"))
    if not tree.operands:
        return NEVER
    if tree.operator is Operator.UNEQUAL:
        comparable = joined([_comparable(operand) for operand in tree.operands], "OR")
        equal = joined([_equal(operand) for operand in tree.operands], "OR")
        there, none = _reached(tree.path, comparable), _reached(tree.path, equal)
        return Clause(f"{there.sql} AND NOT {none.sql}", there.bound + none.bound)
    if tree.operator is Operator.EQUAL:
        return _reached(tree.path, joined([_equal(operand) for operand in tree.operands], "OR"))
    return _reached(tree.path, _ordered(tree.operands[0], tree.operator.value))


def _time_leaf(tree: Exists | Compare, column: str) -> Clause:
    """A condition on a time of the instances; times are compared with moments alone and have no members."""
    if tree.path.trail:
        return NEVER
    bound = (json_path(tree.path.attribute),)
    default = "0" if column in _NEVER_ABSENT else "NULL"
    at = f"coalesce(json_extract(i.value, '$.{column}'), {default})"
    rows = "SELECT 1 FROM jsonb_each(d.body, ?) i WHERE"
    if isinstance(tree, Exists):
        return Clause(f"EXISTS ({rows} {at} IS NOT NULL)", bound)
    moments = [operand for operand in tree.operands if _is_moment(operand)]
    if moments and tree.operator in (Operator.EQUAL, Operator.UNEQUAL):
        equal = joined([_time_equal(operand, at) for operand in moments], "OR")
        found = Clause(f"EXISTS ({rows} {equal.sql})", bound + equal.bound)
        if tree.operator is Operator.EQUAL:
            return found
        return Clause(f"EXISTS ({rows} {at} IS NOT NULL) AND NOT {found.sql}", bound + found.bound)
    if not moments or moments[0] is not tree.operands[0]:
        return NEVER
    return Clause(f"EXISTS ({rows} {at} {tree.operator.value} ?)", (*bound, _low(moments[0]).at))


def _is_moment(operand: Any) -> bool:
    return isinstance(_low(operand), Moment)


def _low(operand: Any) -> Any:
    return operand.low if isinstance(operand, Range) else operand


def _time_equal(operand: Any, at: str) -> Clause:
    match operand:
        case Range(Moment(low), Moment(high)):
            return Clause(f"{at} >= ? AND {at} <= ?", (low, high))
        case Moment(moment):
            return Clause(f"{at} = ?", (moment,))
    return NEVER


def _reached(path: Path, wanted: Clause) -> Clause:
    """The clause that a value ``v`` at the path is as wanted; lists count element by element."""
    tables, bound = "jsonb_each(d.body, ?) i", [json_path(path.attribute)]
    holder = "i.value"
    if path.sub in _TEXT_MEMBERS:
        place = Clause("?", (json_path(_TEXT_MEMBERS[path.sub], *path.trail),))
    else:
        if path.sub is not None:
            tables += ", jsonb_each(i.value, ?) n"
            bound.append(json_path("s", path.sub))
            holder = "n.value"
        typed = f"json_extract({holder}, '$.k') = 'Property' AND json_type({holder}, '$.v.\"@value\"') IS NOT NULL"
        place = Clause(f"iif({typed}, ?, ?)", (json_path("v", "@value", *path.trail), json_path("v", *path.trail)))
    # A scalar null is no value, an object only exists; jsonb_each would list the members of an object.
    sql = (
        f"EXISTS (SELECT 1 FROM {tables}, (SELECT 1) p WHERE CASE json_type({holder}, {place.sql}) "
        "WHEN 'null' THEN 0 "
        f"WHEN 'object' THEN {'1' if wanted.sql == '1' else '0'} "
        f"ELSE EXISTS (SELECT 1 FROM jsonb_each({holder}, {place.sql}) v WHERE {wanted.sql}) END)"
    )
    return Clause(sql, (*bound, *place.bound, *place.bound, *wanted.bound))


def _comparable(operand: Any) -> Clause:
    match _low(operand):
        case Moment():
            return Clause("v.type = 'text' AND instant(v.atom) IS NOT NULL")
        case bool():
            return Clause(_TRUTH)
        case int() | float():
            return Clause(_NUMBER)
    return Clause("v.type = 'text'")


def _equal(operand: Any) -> Clause:
    if isinstance(operand, Range):
        return joined([_ordered(operand.low, ">="), _ordered(operand.high, "<=")])
    return _ordered(operand, "=")


def _ordered(operand: Any, sign: str) -> Clause:
    match _low(operand):
        case Moment(at):
            return Clause(f"v.type = 'text' AND instant(v.atom) {sign} ?", (at,))
        case bool() as truth:
            return Clause(f"{_TRUTH} AND (v.type = 'true') {sign} ?", (int(truth),))
        case int() | float() as number:
            return Clause(f"{_NUMBER} AND v.atom {sign} ?", (number,))
        case text:
            return Clause(f"v.type = 'text' AND v.atom {sign} ?", (text,))
