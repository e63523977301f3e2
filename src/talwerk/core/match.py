"""The pure evaluator of filters: the meaning that every store's compiler has to agree with."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from operator import ge, gt, le, lt
from typing import Any

from msgspec.structs import replace

from .entity import Attribute, Entity, Kind
from .geometry import is_located
from .instants import instant_or_none
from .patterns import expression
from .query import (
    ONE_LEVEL,
    OWN,
    SUBTREE,
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
    Query,
    Range,
)
from .scope import Scope

_TIME_MEMBERS = {"observedAt": "observed", "createdAt": "created", "modifiedAt": "modified"}
ANY_LANGUAGE = ("*",)
"""The trail to every text of a LanguageProperty (NGSI-LD clause 4.9)."""
OWN_TIMES = ("createdAt", "modifiedAt")
_TEXT_MEMBERS = {"unitCode": "unit", "datasetId": "dataset"}
_ORDER = {
    Operator.GREATER: gt,
    Operator.GREATER_EQUAL: ge,
    Operator.LESS: lt,
    Operator.LESS_EQUAL: le,
}


_RELATIONSHIPS = (Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP)

Find = Callable[[str], Entity | None]
"""Finds the entity with an id, as far as a condition may see it; None when there is none."""


def selected(entity: Entity, query: Query, find: Find | None = None) -> bool:
    """Whether the entity belongs to the query's result (its page aside); linked entities as in :func:`matches`."""
    return (
        (not query.types or any(t in entity.types for t in query.types))
        and (not query.ids or entity.id in query.ids)
        and (not query.having or any(name in entity.attributes for name in query.having))
        and (query.filter is None or matches(entity, query.filter, find))
    )


def matches(entity: Entity, condition: Filter, find: Find | None = None) -> bool:
    """Whether the entity fulfils the condition.

    Args:
        entity: as far as it may be seen.
        condition: the filter.
        find: finds linked entities; None when none are known, then no condition on them is true.
    """
    match condition:
        case And(items):
            return all(matches(entity, item, find) for item in items)
        case Or(items):
            return any(matches(entity, item, find) for item in items)
        case Linked():
            return find is not None and _is_linked(entity, condition, find)
        case Exists() | Compare() | Matches():
            return _of_values(entity, condition)
        case Located(attribute):
            return any(
                instance.kind is Kind.GEO_PROPERTY and is_located(instance.value, condition)
                for instance in entity.attributes.get(attribute, ())
            )
    return _of_entity(entity, condition)


def _is_linked(entity: Entity, condition: Linked, find: Find) -> bool:
    for id_ in _targets(entity, condition.path):
        target = find(id_)
        if target is None or (condition.types and not any(t in target.types for t in condition.types)):
            continue
        if matches(target, condition.item, find):
            return True
    return False


def _targets(entity: Entity, path: Path) -> Iterator[str]:
    """The ids that the relationships at a path point at."""
    if path.attribute == OWN or path.trail or path.sub in _TIME_MEMBERS or path.sub in _TEXT_MEMBERS:
        return
    for instance in _instances(entity, path.attribute, path.via if path.sub is None else (*path.via, path.sub)):
        if instance.kind in _RELATIONSHIPS:
            objects = instance.value if isinstance(instance.value, list) else [instance.value]
            yield from (id_ for id_ in objects if isinstance(id_, str))


def _of_entity(entity: Entity, condition: OfType | IdMatches | HasId | InScope | Nothing) -> bool:
    match condition:
        case OfType(types):
            return any(t in entity.types for t in types)
        case IdMatches(pattern):
            return expression(pattern).found_in(entity.id)
        case HasId(ids):
            return entity.id in ids
        case InScope(levels):
            return any(in_scope(scope, levels) for scope in entity.scopes)
        case Nothing():
            return False


def _of_values(entity: Entity, condition: Exists | Compare | Matches) -> bool:
    match condition:
        case Exists(path):
            return any(True for _ in values_at(entity, path))
        case Compare():
            return _compare(entity, condition)
        case Matches():
            return _matches_pattern(entity, condition)


def in_scope(scope: str, levels: tuple[str, ...]) -> bool:
    """Whether a scope such as ``/river/upper`` has the levels of an :class:`InScope`; the first slash is optional."""
    there = scope.removeprefix("/").split("/")
    if levels and levels[-1] == SUBTREE:
        levels = levels[:-1]
        there = there[: len(levels)]
    elif not levels:
        return False
    return len(there) == len(levels) and all(
        wanted in (ONE_LEVEL, level) for wanted, level in zip(levels, there, strict=True)
    )


def permitted(entity: Entity, scope: Scope, find: Find | None = None) -> bool:
    """Whether the scope's predicate lets the entity be read or written; it sees masked attributes too.

    Args:
        entity: as stored.
        scope: on whose behalf.
        find: finds linked entities as stored; None when none are known.
    """
    return scope.predicate is None or matches(entity, scope.predicate, find)


def masked(entity: Entity, attributes: Container[str] | None) -> Entity:
    """The entity as a scope may see it: a masked attribute behaves as absent.

    Args:
        entity: the entity as stored.
        attributes: IRIs of the attributes that may be seen, None when all may.
    """
    if attributes is None:
        return entity
    seen = {name: instances for name, instances in entity.attributes.items() if name in attributes}
    return entity if len(seen) == len(entity.attributes) else replace(entity, attributes=seen)


def values_at(entity: Entity, path: Path, *, linked: bool = True) -> Iterator[Any]:
    """The values that a path leads to: one per instance, the elements of a list one by one.

    Times are yielded as :class:`Moment`, everything else as its JSON value. A LanguageProperty yields its map and the
    texts of every language, also at the trail :data:`ANY_LANGUAGE`.

    Args:
        entity: where to look.
        path: what to look for.
        linked: whether the objects of relationships are values.
    """
    if path.attribute == OWN:
        yield from _own_times(entity, path)
        return
    instances = _instances(entity, path.attribute, path.via)
    if path.sub in _TIME_MEMBERS or path.sub in _TEXT_MEMBERS:
        for instance in instances:
            yield from _reached(_member(instance, path.sub), path.trail)
        return
    if path.sub is not None:
        instances = tuple(nested for instance in instances for nested in instance.subattributes.get(path.sub, ()))
    for instance in instances:
        if linked or instance.kind not in _RELATIONSHIPS:
            yield from _of_instance(instance, path.trail)


def _of_instance(instance: Attribute, trail: tuple[str, ...]) -> Iterator[Any]:
    value = _plain(instance)
    if instance.kind is Kind.LANGUAGE_PROPERTY and isinstance(value, dict) and trail in ((), ANY_LANGUAGE):
        yield value
        for texts in value.values():
            yield from _reached(texts, ())
    else:
        yield from _reached(value, trail)


def _reached(value: Any, trail: tuple[str, ...]) -> Iterator[Any]:
    reached = _walk(value, trail)
    if isinstance(reached, list):
        yield from reached
    elif reached is not None:
        yield reached


def _instances(entity: Entity, attribute: str, via: tuple[str, ...]) -> tuple[Attribute, ...]:
    instances = entity.attributes.get(attribute, ())
    for name in via:
        instances = tuple(nested for instance in instances for nested in instance.subattributes.get(name, ()))
    return instances


def _own_times(entity: Entity, path: Path) -> Iterator[Moment]:
    if path.sub in OWN_TIMES and not path.trail and not path.via:
        yield Moment(entity.created if path.sub == "createdAt" else entity.modified)


def _member(instance: Attribute, name: str) -> Any:
    if name in _TEXT_MEMBERS:
        return getattr(instance, _TEXT_MEMBERS[name])
    at = getattr(instance, _TIME_MEMBERS[name])
    return None if at is None else Moment(at)


def _plain(instance: Attribute) -> Any:
    """The value to compare: a typed JSON-LD value counts as its ``@value``."""
    value = instance.value
    if instance.kind is Kind.PROPERTY and isinstance(value, dict) and "@value" in value:
        return value["@value"]
    return value


def _walk(value: Any, trail: tuple[str, ...]) -> Any:
    for name in trail:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _matches_pattern(entity: Entity, condition: Matches) -> bool:
    texts = [value for value in values_at(entity, condition.path, linked=False) if isinstance(value, str)]
    found = any(map(expression(condition.pattern).found_in, texts))
    return found != condition.negated and bool(texts)


def _compare(entity: Entity, condition: Compare) -> bool:
    if condition.operator in (Operator.EQUAL, Operator.UNEQUAL):
        values = list(values_at(entity, condition.path))
        equal = any(_equals(value, operand) for value in values for operand in condition.operands)
        return equal if condition.operator is Operator.EQUAL else bool(values and condition.operands) and not equal
    order = _ORDER[condition.operator]
    for value in values_at(entity, condition.path, linked=False):
        pair = _pair(value, condition.operands[0])
        if pair is not None and order(*pair):
            return True
    return False


def _equals(value: Any, operand: Any) -> bool:
    if isinstance(operand, Range):
        low, high = _pair(value, operand.low), _pair(value, operand.high)
        return low is not None and high is not None and low[0] >= low[1] and high[0] <= high[1]
    pair = _pair(value, operand)
    return pair is not None and pair[0] == pair[1]


def _pair(value: Any, operand: Any) -> tuple[Any, Any] | None:
    """Value and operand in comparable form, or None when they are of different kinds."""
    if isinstance(operand, Range):
        return _pair(value, operand.low)
    if isinstance(operand, Moment):
        at = value.at if isinstance(value, Moment) else instant_or_none(value)
        return None if at is None else (at, operand.at)
    if isinstance(value, Moment):
        return None
    if isinstance(operand, bool) or isinstance(value, bool):
        return (value, operand) if isinstance(operand, bool) and isinstance(value, bool) else None
    if isinstance(operand, int | float) and isinstance(value, int | float):
        return value, operand
    return (value, operand) if isinstance(operand, str) and isinstance(value, str) else None
