"""What a fragment makes of an instance."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from talwerk.core.change import Change, Fragment, Mode, Refusal, Target
from talwerk.core.entity import NULL, Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.fragments import is_null, null_of, patched, whole
from talwerk.core.instants import HOUR, Instant
from talwerk.core.merge import BEGINNING, Merged, merge
from talwerk.core.quality import Flag
from tests.contracts.cities import GAUGE, LEVEL, NAME, NOON, ONE, PLACE, entity, prop

NOW = Instant(NOON)
LATER = Instant(NOON + HOUR)
SENSOR = prop(
    {"a": {"b": 1, "c": [1, 2]}, "d": 2},
    NOON,
    unit="CMT",
    members={"valueType": "x"},
    quality=int(Flag.PASS),
    subattributes={NAME: (prop("main", unit="P1"), prop("side", dataset="urn:d:1"))},
)
WORDS = Attribute(kind=Kind.LANGUAGE_PROPERTY, value={"de": "Fluss", "fr": "fleuve"})


@pytest.mark.parametrize(
    "value, deep, shallow",
    [
        ({"a": {"b": 5}}, {"a": {"b": 5, "c": [1, 2]}, "d": 2}, {"a": {"b": 5}}),
        ({"a": NULL}, {"d": 2}, {}),
        ({"a": {"b": NULL, "e": {"f": NULL}}}, {"a": {"c": [1, 2], "e": {}}, "d": 2}, {"a": {"e": {}}}),
        ({"a": [3]}, {"a": [3], "d": 2}, {"a": [3]}),
        (7, 7, 7),
    ],
)
def test_values_are_merged_or_replaced(value: Any, deep: Any, shallow: Any) -> None:
    fragment = Fragment(kind=Kind.PROPERTY, value=value)
    merged, updated = patched(SENSOR, fragment, LEVEL, deep=True), patched(SENSOR, fragment, LEVEL, deep=False)
    assert merged is not None
    assert updated is not None
    assert (merged.value, updated.value) == (deep, shallow)
    assert merged == replace(SENSOR, value=deep, quality=int(Flag.NOT_EVALUATED))


def test_what_is_not_named_stays_and_what_is_null_goes() -> None:
    assert patched(SENSOR, Fragment(), LEVEL, deep=True) == SENSOR
    fragment = Fragment(
        observed=None, unit=None, members={"valueType": NULL}, subattributes={NAME: (Fragment(value=NULL),)}
    )
    bare = patched(SENSOR, fragment, LEVEL, deep=True)
    assert bare is not None
    assert (bare.value, bare.quality) == (SENSOR.value, Flag.PASS)
    assert (bare.observed, bare.unit, bare.members) == (None, None, {})
    assert [nested.value for nested in bare.subattributes[NAME]] == ["side"]
    assert SENSOR.subattributes[NAME][0].value == "main", "the instance itself stays as it was"


def test_subattributes_are_merged_or_replaced() -> None:
    fragment = Fragment(subattributes={NAME: (Fragment(kind=Kind.PROPERTY, value="new"),)})
    merged, updated = patched(SENSOR, fragment, LEVEL, deep=True), patched(SENSOR, fragment, LEVEL, deep=False)
    assert merged is not None
    assert updated is not None
    assert [(i.value, i.unit) for i in merged.subattributes[NAME]] == [("new", "P1"), ("side", None)]
    assert [(i.value, i.unit) for i in updated.subattributes[NAME]] == [("new", None), ("side", None)]


@pytest.mark.parametrize("deep", [True, False])
def test_languages_go_one_by_one_and_the_last_takes_the_attribute_with_it(*, deep: bool) -> None:
    left = patched(WORDS, Fragment(kind=Kind.LANGUAGE_PROPERTY, value={"fr": NULL}), NAME, deep=deep)
    assert left is not None
    assert left.value == {"de": "Fluss"}
    assert patched(WORDS, Fragment(value={"fr": NULL, "de": NULL}), NAME, deep=deep) is None


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_null(kind: Kind) -> None:
    assert is_null(null_of(kind))
    assert patched(prop(1), Fragment(value=null_of(kind)), NAME, deep=True) is None


def test_another_kind_replaces_in_a_merge_and_is_refused_in_an_update() -> None:
    fragment = Fragment(kind=Kind.RELATIONSHIP, value="urn:x:1")
    assert patched(SENSOR, fragment, LEVEL, deep=True) == Attribute(kind=Kind.RELATIONSHIP, value="urn:x:1")
    with pytest.raises(DomainError, match="is a Property, not a Relationship"):
        patched(SENSOR, fragment, LEVEL, deep=False)


def test_halves_of_geometries_are_not_put_together() -> None:
    place = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [1, 2], "bbox": [1, 2, 1, 2]})
    line = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
    moved = patched(place, Fragment(kind=Kind.GEO_PROPERTY, value=line), PLACE, deep=True)
    assert moved is not None
    assert moved.value == line


def test_a_new_instance_needs_a_value() -> None:
    for fragment in (Fragment(observed=NOON), Fragment(kind=Kind.PROPERTY)):
        with pytest.raises(DomainError) as refused:
            whole(fragment, LEVEL)
        assert refused.value.fault is Fault.BAD_REQUEST_DATA


def after(change: Change) -> Merged:
    first = Change(mode=Mode.CREATE, entity=entity(attributes={LEVEL: (prop(1, NOON), prop(2, dataset="urn:d:1"))}))
    return merge(merge(None, first, NOW, NOW).entity, change, LATER, LATER)


def reasons(refused: tuple[Refusal, ...]) -> list[tuple[str, str | None, Fault]]:
    return [(refusal.attribute, refusal.dataset, refusal.fault) for refusal in refused]


@pytest.mark.parametrize("mode", sorted(set(Mode) - BEGINNING))
def test_what_changes_or_removes_needs_an_entity(mode: Mode) -> None:
    with pytest.raises(DomainError) as refused:
        merge(None, Change(mode=mode, entity=entity()), NOW, NOW)
    assert refused.value.fault is Fault.NOT_FOUND
    with pytest.raises(DomainError) as refused:
        merge(None, Change(mode=Mode.OBSERVE, entity=entity(), existing=True), NOW, NOW)
    assert refused.value.fault is Fault.NOT_FOUND


def test_refused_attributes_say_why() -> None:
    given = {LEVEL: (prop(3), prop(4, dataset="urn:d:2")), NAME: (prop("a"),)}
    kept = after(Change(mode=Mode.UPDATE, entity=entity(attributes=given), overwrite=False))
    assert reasons(kept.refused) == [(LEVEL, None, Fault.ALREADY_EXISTS)]
    assert [i.value for i in kept.entity.attributes[LEVEL]] == [1, 2, 4]
    patch = after(Change(mode=Mode.PATCH, entity=entity(attributes=given)))
    assert reasons(patch.refused) == [(LEVEL, "urn:d:2", Fault.NOT_FOUND), (NAME, None, Fault.NOT_FOUND)]
    targets = (Target(attribute=LEVEL, dataset="urn:d:1"), Target(attribute=NAME, every=True))
    less = after(Change(mode=Mode.DELETE_ATTRIBUTES, entity=Entity(id=ONE, types=()), targets=targets))
    assert reasons(less.refused) == [(NAME, None, Fault.NOT_FOUND)]
    assert [(name, instance.value) for name, instance in less.removed] == [(LEVEL, 2)]


def test_a_deletion_ends_the_entity_and_names_what_it_had() -> None:
    merged = after(Change(mode=Mode.DELETE, entity=Entity(id=ONE, types=())))
    assert (merged.entity.deleted, merged.entity.types, merged.entity.attributes) == (LATER, (GAUGE,), {})
    assert merged.touched == (LEVEL,)
    assert [instance.dataset for _, instance in merged.removed] == [None, "urn:d:1"]
