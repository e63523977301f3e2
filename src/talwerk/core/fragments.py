"""What a fragment makes of an instance of an attribute (NGSI-LD clauses 5.5.8 and 5.5.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from .change import Fragment
from .entity import NULL, Attribute, Attributes, Kind
from .errors import bad_data
from .quality import Flag


def removes(fragment: Fragment) -> bool:
    """Whether the fragment removes the instance: its value is null, or all that a language map could hold is."""
    return is_null(fragment.value)


def is_null(value: Any) -> bool:
    """Whether a value stands for a removal, in any of the forms that the kinds of attributes have for it."""
    return value == NULL or value in ([NULL], {"@none": NULL}, [{"object": NULL}])


def null_of(kind: Kind) -> Any:
    """What stands in the place of a value that was removed, by kind of attribute."""
    if kind is Kind.LANGUAGE_PROPERTY:
        return {"@none": NULL}
    return [NULL] if kind in {Kind.LIST_PROPERTY, Kind.LIST_RELATIONSHIP} else NULL


def patched(previous: Attribute, fragment: Fragment, name: str, *, deep: bool) -> Attribute | None:
    """The instance after the fragment, None when nothing of it is left.

    Args:
        previous: the instance as it is.
        fragment: what shall change.
        name: IRI of the attribute, for errors.
        deep: whether objects within values and sub-attributes are merged (a merge) or replaced (a partial update).

    Raises:
        DomainError: BadRequestData when a partial update names another kind, or a new part has no value.
    """
    if removes(fragment):
        return None
    if fragment.kind is not None and fragment.kind is not previous.kind:
        if not deep:
            raise bad_data(f"The attribute {name} is a {previous.kind}, not a {fragment.kind}.", name)
        return whole(fragment, name)
    value = previous.value
    if fragment.value is not UNSET:
        value = _value(previous, fragment.value, deep=deep)
        if previous.kind is Kind.LANGUAGE_PROPERTY and not value:
            return None
    return replace(
        previous,
        value=value,
        observed=previous.observed if fragment.observed is UNSET else fragment.observed,
        unit=previous.unit if fragment.unit is UNSET else fragment.unit,
        # The verdict was about the value that is gone.
        quality=previous.quality if fragment.value is UNSET else int(Flag.NOT_EVALUATED),
        members={n: v for n, v in {**previous.members, **fragment.members}.items() if v != NULL},
        subattributes=_subattributes(previous.subattributes, fragment.subattributes, deep=deep),
    )


def whole(fragment: Fragment, name: str) -> Attribute:
    """The instance that a fragment describes where there was none.

    Raises:
        DomainError: BadRequestData when it has no value.
    """
    if fragment.value is UNSET or fragment.kind is None:
        raise bad_data(f"The attribute {name} does not exist and the fragment has no value for it.", name)
    return Attribute(
        kind=fragment.kind,
        value=_without_nulls(fragment.value) if fragment.kind is not Kind.JSON_PROPERTY else fragment.value,
        dataset=fragment.dataset,
        observed=fragment.observed or None,
        unit=fragment.unit or None,
        members={n: v for n, v in fragment.members.items() if v != NULL},
        subattributes=_subattributes({}, fragment.subattributes, deep=False),
    )


def _subattributes(before: Attributes, fragments: Mapping[str, tuple[Fragment, ...]], *, deep: bool) -> Attributes:
    result = dict(before)
    for name, given in fragments.items():
        instances = {instance.dataset: instance for instance in before.get(name, ())}
        for fragment in given:
            previous = instances.pop(fragment.dataset, None)
            if removes(fragment):
                continue
            new = patched(previous, fragment, name, deep=True) if deep and previous else whole(fragment, name)
            if new is not None:
                instances[fragment.dataset] = new
        result[name] = tuple(instances[dataset] for dataset in sorted(instances, key=lambda d: d or ""))
    return {name: instances for name, instances in result.items() if instances}


def _value(previous: Attribute, value: Any, *, deep: bool) -> Any:
    if previous.kind is Kind.GEO_PROPERTY:
        # Half of one geometry and half of another are none.
        return value
    # Taking one language away from a map must not take the others away.
    if deep or (previous.kind is Kind.LANGUAGE_PROPERTY and NULL in value.values()):
        return _merged(previous.value, value)
    return value if previous.kind is Kind.JSON_PROPERTY else _without_nulls(value)


def _merged(before: Any, value: Any) -> Any:
    """The value of a merge (RFC 7396, with NGSI-LD's own null)."""
    if not isinstance(value, dict):
        return value
    result = dict(before) if isinstance(before, dict) else {}
    for name, member in value.items():
        if member == NULL:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), member)
    return result


def _without_nulls(value: Any) -> Any:
    return _merged(None, value)
