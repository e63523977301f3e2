"""What may be kept: JSON values that every store can hold and give back unchanged, and when two are the same."""

from __future__ import annotations

from math import isfinite
from typing import Any

from msgspec import UNSET

from .change import Change, Fragment
from .entity import Attribute, Entity
from .errors import DomainError, bad_data
from .identifiers import is_iri
from .instants import EARLIEST, LATEST
from .quality import FLAG_MASK, Flag

_FLAGS = frozenset(map(int, Flag))
INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
DEPTH_MAX = 64
"""Levels of lists and objects within a value; SQLite and PostgreSQL end somewhere above."""


def is_text(text: object) -> bool:
    """Whether every store can keep a text: UTF-8 cannot carry lone surrogates, nor PostgreSQL the character U+0000."""
    if not isinstance(text, str) or "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_value(value: Any, where: str, depth: int = 0) -> None:
    """Make sure that a JSON value can be kept.

    Args:
        value: anything made of dict, list, str, int, float, bool and None.
        where: the place, for the error.
        depth: how deep the value lies.

    Raises:
        DomainError: BadRequestData for integers beyond 64 bits, NaN and infinities, broken texts, other types
            and more than 64 levels.
    """
    if isinstance(value, dict | list | tuple):
        if depth >= DEPTH_MAX:
            raise bad_data(f"The value is nested more than {DEPTH_MAX} levels deep.", where)
        if isinstance(value, dict):
            if not all(map(is_text, value)):
                raise bad_data("The name of a member holds U+0000 or a lone surrogate, which cannot be stored.", where)
            value = value.values()
        for member in value:
            check_value(member, where, depth + 1)
    else:
        fault = _scalar_fault(value)
        if fault is not None:
            raise bad_data(fault, where)


def _scalar_fault(value: Any) -> str | None:
    """What is wrong with a JSON scalar, None when it can be kept."""
    if isinstance(value, str):
        return None if is_text(value) else "The text holds U+0000 or a lone surrogate, which cannot be stored."
    if isinstance(value, bool | None):
        return None
    if isinstance(value, int):
        return None if INT_MIN <= value <= INT_MAX else "The integer does not fit into 64 bits."
    if isinstance(value, float):
        return None if isfinite(value) else f"The number {value} is not finite."
    return f"A {type(value).__name__} is no JSON value."


def check_instant(at: Any, where: str) -> None:
    """Make sure that a time lies between the years 1800 and 2200.

    Raises:
        DomainError: BadRequestData when it does not.
    """
    if not isinstance(at, int) or not EARLIEST <= at < LATEST:
        raise bad_data("The time does not lie between the years 1800 and 2200.", where)


def check_flag(quality: Any, where: str) -> None:
    """Make sure that a stored quality holds one of the flags.

    Raises:
        DomainError: BadRequestData when it does not.
    """
    if not isinstance(quality, int) or (quality & FLAG_MASK) not in _FLAGS:
        raise bad_data(f"The quality {quality!r:.20} is none of the flags {sorted(_FLAGS)}.", where)


def check_name(name: Any, where: str) -> None:
    """Make sure that an id, a type or the name of an attribute is an IRI.

    Raises:
        DomainError: BadRequestData when it is not.
    """
    if not isinstance(name, str) or not is_iri(name):
        raise bad_data(f"The name {repr(name)[:80]} is not a URI.", where)


def check_entity(entity: Entity) -> None:
    """Make sure that an entity can be kept.

    Raises:
        DomainError: BadRequestData, with the attribute as the place.
    """
    check_name(entity.id, "id")
    for name in entity.types:
        check_name(name, "type")
    for scope in entity.scopes:
        check_value(scope, "scope")
    for name, instances in entity.attributes.items():
        check_name(name, "attribute")
        for instance in instances:
            check_attribute(instance, name)


def check_attribute(instance: Attribute, where: str, depth: int = 0) -> None:
    """Make sure that an instance of an attribute can be kept.

    Raises:
        DomainError: BadRequestData.
    """
    check_value(instance.value, where, depth)
    if instance.observed is not None:
        check_instant(instance.observed, where)
    if instance.dataset is not None:
        check_name(instance.dataset, where)
    if instance.unit is not None and not is_text(instance.unit):
        raise bad_data("The unit holds U+0000 or a lone surrogate, which cannot be stored.", where)
    check_flag(instance.quality, where)
    if instance.members:
        check_value(instance.members, where, depth)
    if depth > DEPTH_MAX:
        raise bad_data(f"The sub-attributes are nested more than {DEPTH_MAX} levels deep.", where)
    for name, nested in instance.subattributes.items():
        check_name(name, where)
        for sub in nested:
            check_attribute(sub, where, depth + 2)


def check_change(change: Change) -> None:
    """Make sure that what a change brings can be kept.

    Raises:
        DomainError: BadRequestData, with the attribute as the place.
    """
    check_entity(change.entity)
    for name, fragments in change.fragments.items():
        check_name(name, "attribute")
        for fragment in fragments:
            _check_fragment(fragment, name)
    for target in change.targets:
        check_name(target.attribute, "attribute")
        if target.dataset is not None:
            check_name(target.dataset, target.attribute)


def _check_fragment(fragment: Fragment, where: str, depth: int = 0) -> None:
    if fragment.value is not UNSET:
        check_value(fragment.value, where, depth)
    if isinstance(fragment.observed, int):
        check_instant(fragment.observed, where)
    if fragment.dataset is not None:
        check_name(fragment.dataset, where)
    if isinstance(fragment.unit, str) and not is_text(fragment.unit):
        raise bad_data("The unit holds U+0000 or a lone surrogate, which cannot be stored.", where)
    check_value(fragment.members, where, depth)
    if depth > DEPTH_MAX:
        raise bad_data(f"The sub-attributes are nested more than {DEPTH_MAX} levels deep.", where)
    for name, nested in fragment.subattributes.items():
        check_name(name, where)
        for sub in nested:
            _check_fragment(sub, where, depth + 2)


def storable(entity: Entity) -> DomainError | None:
    """Why an entity cannot be kept, None when it can."""
    try:
        check_entity(entity)
    except DomainError as error:
        return error
    return None


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same_value(member, other[name]) for name, member in one.items())
        )
    if isinstance(one, list | tuple):
        return (
            isinstance(other, list | tuple)
            and len(one) == len(other)
            and all(same_value(a, b) for a, b in zip(one, other, strict=True))
        )
    return bool(one == other)
