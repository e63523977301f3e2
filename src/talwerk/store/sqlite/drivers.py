"""Which index leads a query: the first condition that few entities fulfil, counted up to a bound.

A condition that many fulfil needs no index: whoever walks along all entities finds a page of them soon.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from talwerk.core.geometry import reach
from talwerk.core.query import And, Compare, Filter, Located, Moment, Operand, Operator, Path, Range
from talwerk.core.values import INT_MAX, INT_MIN, is_text

from .compiler import NEVER, Clause, joined
from .indexes import ValueKind, queried_attributes

RARE = 10_000
"""Entries of an index that are listed and looked up; where there are more, every entity is asked."""

_ATTRIBUTE = "(SELECT tid FROM term WHERE text = ?)"


def driver(connection: apsw.Connection, tree: Filter, attributes: frozenset[str] | None) -> Clause | None:
    """A clause on ``e.eid`` that lists the candidates of a filter, None when no index makes them few.

    Args:
        connection: a snapshot.
        tree: the filter; the candidates hold every entity that fulfils it.
        attributes: IRIs of the attributes that may be seen, None when all may.
    """
    queried: frozenset[str] | None = None
    for item in _demanded(tree):
        listed = None
        if isinstance(item, Located) and (attributes is None or item.attribute in attributes):
            listed = _around(item)
        elif isinstance(item, Compare) and (attributes is None or item.path.attribute in attributes):
            queried = queried_attributes(connection) if queried is None else queried
            listed = _valued(item) if item.path.attribute in queried else None
        if listed is not None and _is_rare(connection, listed):
            return Clause(f"e.eid IN (SELECT x.eid FROM {listed.sql})", listed.bound)
    return None


def _demanded(tree: Filter) -> Iterator[Filter]:
    """The conditions that every result has to fulfil."""
    if isinstance(tree, And):
        for item in tree.items:
            yield from _demanded(item)
    else:
        yield tree


def _is_rare(connection: apsw.Connection, listed: Clause) -> bool:
    return connection.execute(f"SELECT 1 FROM {listed.sql} LIMIT 1 OFFSET {RARE}", listed.bound).get is None


def _around(item: Located) -> Clause | None:
    """The geometries whose rectangle meets that of the condition."""
    box = reach(item)
    if box is None or not is_text(item.attribute):
        return None
    return Clause(
        "geo_box b CROSS JOIN geo x ON x.gid = b.gid "
        f"WHERE b.west <= ? AND b.east >= ? AND b.south <= ? AND b.north >= ? AND x.attr = {_ATTRIBUTE}",
        (box.east, box.west, box.north, box.south, item.attribute),
    )


def _valued(item: Compare) -> Clause | None:
    """The entries of the value index that fulfil a comparison, None for one that the index cannot answer."""
    if item.path != Path(item.path.attribute) or item.operator is Operator.UNEQUAL or not item.operands:
        return None
    operands = item.operands if item.operator is Operator.EQUAL else item.operands[:1]
    sign = "=" if item.operator is Operator.EQUAL else item.operator.value
    clauses = [_entry(operand, sign) for operand in operands]
    if any(clause is None for clause in clauses):
        return None
    wanted = joined([clause or NEVER for clause in clauses], "OR")
    return Clause(f"attr_ix x WHERE x.attr = {_ATTRIBUTE} AND ({wanted.sql})", (item.path.attribute, *wanted.bound))


def _entry(operand: Operand | Range, sign: str) -> Clause | None:
    if isinstance(operand, Range):
        low, high = _kind_and_value(operand.low), _kind_and_value(operand.high)
        if low is None or high is None or low[0] is not high[0]:
            return None
        return Clause("x.kind = ? AND x.val BETWEEN ? AND ?", (int(low[0]), low[1], high[1]))
    entry = _kind_and_value(operand)
    return None if entry is None else Clause(f"x.kind = ? AND x.val {sign} ?", (int(entry[0]), entry[1]))


def _kind_and_value(operand: Operand) -> tuple[ValueKind, int | float | str] | None:
    match operand:
        case bool():
            return ValueKind.TRUTH, int(operand)
        case Moment(at):
            return (ValueKind.MOMENT, at) if INT_MIN <= at <= INT_MAX else None
        case int():
            return (ValueKind.NUMBER, operand) if INT_MIN <= operand <= INT_MAX else None
        case float():
            return ValueKind.NUMBER, operand
        case str():
            return (ValueKind.TEXT, operand) if is_text(operand) else None
