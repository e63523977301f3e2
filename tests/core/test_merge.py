"""What a change makes of an entity, whatever came before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Entity, observed_or_created
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import FUTURE_TOLERANCE, HOUR, Instant
from talwerk.core.merge import BEGINNING, Merged, merge
from talwerk.core.observation import same_observation
from talwerk.core.quality import Flag, Mark, mark_of
from tests.contracts.cities import GAUGE, LAMP, LEVEL, NAME, NOON, ONE, entity, prop

NOW = Instant(NOON)
LATER = Instant(NOON + HOUR)

instances = st.builds(
    prop,
    st.one_of(st.integers(0, 3), st.booleans(), st.sampled_from(["a", [1], {"a": None}])),
    st.one_of(st.none(), st.integers(-3, 3).map(lambda n: NOON + n * HOUR)),
    dataset=st.sampled_from([None, "urn:d:1"]),
    quality=st.sampled_from([int(flag) for flag in Flag]),
)
attributes = st.dictionaries(
    st.sampled_from([LEVEL, NAME]), st.lists(instances, min_size=1, max_size=3).map(tuple), max_size=2
)
modes = st.sampled_from([Mode.UPDATE, Mode.REPLACE, Mode.OBSERVE])
changes = st.builds(
    lambda mode, given, types, scopes: Change(
        mode=mode, entity=Entity(id=ONE, types=types, scopes=scopes, attributes=given)
    ),
    modes,
    attributes,
    st.sampled_from([(GAUGE,), (LAMP, GAUGE), (LAMP, LAMP)]),
    st.sampled_from([(), ("/a",), ("/a/b", "/c")]),
)


def after(*steps: Change) -> Merged:
    """The result of the last of some changes, an hour apart from each other."""
    current, now = None, NOW
    merged = merge(None, steps[0], now, now)
    for step in steps[1:]:
        current, now = merged.entity, Instant(now + HOUR)
        merged = merge(current, step, now, now)
    return merged


def observe(*given: Attribute) -> Change:
    return Change(mode=Mode.OBSERVE, entity=entity(attributes={LEVEL: given}))


def update(*given: Attribute) -> Change:
    return Change(mode=Mode.UPDATE, entity=entity(attributes={LEVEL: given}))


@given(st.lists(changes, min_size=1, max_size=5))
def test_an_entity_stays_in_order(steps: list[Change]) -> None:
    merged = after(*steps)
    result = merged.entity
    assert result.types == tuple(sorted(set(result.types)))
    assert set(steps[-1].entity.types) <= set(result.types)
    assert result.created == NOW
    assert result.created <= result.modified
    for instances_ in result.attributes.values():
        datasets = [i.dataset or "" for i in instances_]
        assert datasets == sorted(set(datasets))
        assert all(i.instance is None and i.created <= i.modified for i in instances_)
    assert merged.changed == (merged.created or result.modified > NOW + (len(steps) - 2) * HOUR)


@given(st.lists(changes, max_size=4), changes)
def test_a_change_leaves_what_it_does_not_name(steps: list[Change], last: Change) -> None:
    before = after(*steps).entity.attributes if steps else {}
    result = after(*steps, last)
    if last.mode is Mode.REPLACE:
        assert set(result.entity.attributes) == set(last.entity.attributes)
    else:
        assert {n: a for n, a in before.items() if n not in last.entity.attributes} == {
            n: a for n, a in result.entity.attributes.items() if n not in last.entity.attributes
        }
    now = result.entity.attributes
    assert result.touched == tuple(sorted(n for n in {*before, *now} if before.get(n) != now.get(n)))


@given(st.lists(changes, max_size=3), changes)
def test_the_same_observations_again_touch_nothing(steps: list[Change], last: Change) -> None:
    timed = {
        name: tuple({(i.dataset, i.observed): i for i in given if i.observed is not None}.values())
        for name, given in last.entity.attributes.items()
    }
    newest = {name: tuple({i.dataset: i for i in given}.values()) for name, given in timed.items()}
    again = replace(last, entity=replace(last.entity, attributes=newest))
    result = after(*steps, again, again)
    if last.mode is not Mode.OBSERVE:
        assert result.instances == ()
    if all((i.observed or 0) <= NOW + FUTURE_TOLERANCE for given in newest.values() for i in given):
        assert (result.touched, result.changed) == ((), False)


@given(st.permutations(range(-5, 1)), st.lists(st.integers(1, 3), min_size=1))
def test_devices_may_send_in_any_order(order: list[int], sizes: list[int]) -> None:
    sent = [prop(hour, NOON + hour * HOUR) for hour in order]
    steps: list[Change] = []
    position = 0
    while position < len(sent):
        size = sizes[len(steps) % len(sizes)]
        steps.append(observe(*sent[position : position + size]))
        position += size
    (current,) = after(*steps).entity.attributes[LEVEL]
    assert current.value == 0


@given(changes, changes)
def test_inputs_stay_as_they_were(first: Change, second: Change) -> None:
    current = after(first).entity
    copies = replace(current, attributes=dict(current.attributes)), replace(second)
    merge(current, second, LATER, LATER)
    assert (current, second) == copies


def test_creating_what_exists_is_refused() -> None:
    with pytest.raises(DomainError) as refused:
        after(update(prop(1)), Change(mode=Mode.CREATE, entity=entity()))
    assert refused.value.fault is Fault.ALREADY_EXISTS


@pytest.mark.parametrize("mode", sorted(BEGINNING))
def test_what_comes_into_being_needs_a_type(mode: Mode) -> None:
    with pytest.raises(DomainError) as refused:
        after(Change(mode=mode, entity=entity(types=())))
    assert refused.value.fault is Fault.BAD_REQUEST_DATA


def test_types_are_added_and_scopes_replaced() -> None:
    first = Change(mode=Mode.CREATE, entity=Entity(id=ONE, types=(LAMP,), scopes=("/a",)))
    second = Change(mode=Mode.UPDATE, entity=Entity(id=ONE, types=(GAUGE,)))
    merged = after(first, second)
    assert (merged.entity.types, merged.entity.scopes, merged.changed) == ((GAUGE, LAMP), ("/a",), True)
    third = Change(mode=Mode.REPLACE, entity=Entity(id=ONE, types=(), scopes=("/b",)))
    assert (after(first, second, third).entity.types, after(first, third).entity.scopes) == ((GAUGE, LAMP), ("/b",))


def test_instances_without_a_time_follow_each_other() -> None:
    merged = after(observe(prop(1), prop(1), prop(2, dataset="urn:d:1"), prop(3)))
    assert [(i.value, observed_or_created(i) - NOW) for _, i in merged.instances] == [(1, 0), (1, 1), (2, 0), (3, 2)]
    assert merged.assumed == NOW + 2
    assert all(mark_of(i.quality) is Mark.TIME_ASSUMED for _, i in merged.instances)


def test_an_instance_without_a_time_is_always_news() -> None:
    merged = after(update(prop(1)), update(prop(1)))
    assert (merged.touched, len(merged.instances)) == ((LEVEL,), 1)


def test_an_old_observation_does_not_replace_an_untimed_value() -> None:
    assert after(update(prop(1)), observe(prop(2, NOON - HOUR))).entity.attributes[LEVEL][0].value == 1
    assert after(update(prop(1)), observe(prop(2, NOON + 1))).entity.attributes[LEVEL][0].value == 2


def test_the_future_is_never_current_for_a_device_and_silences_none() -> None:
    merged = after(observe(prop(1, NOON + 2 * HOUR)))
    assert merged.entity.attributes == {}
    assert mark_of(merged.instances[0][1].quality) is Mark.FUTURE
    assert after(observe(prop(1, NOON + FUTURE_TOLERANCE))).entity.attributes[LEVEL][0].value == 1
    far = prop(9, NOON + 99 * HOUR)
    assert after(update(far)).entity.attributes[LEVEL][0].value == 9
    assert after(update(far), observe(prop(1, NOON))).entity.attributes[LEVEL][0].value == 1


def test_an_update_of_the_past_is_current_and_marked() -> None:
    (current,) = after(observe(prop(1, NOON)), update(prop(2, NOON - HOUR))).entity.attributes[LEVEL]
    assert (current.value, mark_of(current.quality), current.created) == (2, Mark.OUT_OF_ORDER, NOW)


def test_marks_and_ids_of_others_are_not_believed() -> None:
    forged = prop(1, NOON, quality=int(Flag.PASS | Mark.FUTURE), instance="urn:x:1", created=1, modified=2)
    (current,) = after(update(forged)).entity.attributes[LEVEL]
    assert (current.quality, current.instance, current.created, current.modified) == (Flag.PASS, None, NOW, NOW)


@pytest.mark.parametrize(
    "other",
    [
        prop(True, NOON),
        prop(1, NOON + 1),
        prop(1, NOON, unit="CMT"),
        prop(1, NOON, dataset="urn:d:1"),
        prop(1, NOON, quality=int(Flag.FAIL)),
        prop(1, NOON, members={"a": 1}),
        prop(1, NOON, subattributes={NAME: (prop("a"),)}),
    ],
)
def test_observations_that_differ(other: Attribute) -> None:
    assert not same_observation(prop(1, NOON), other)
    assert same_observation(other, replace(other, created=7, modified=8, quality=other.quality | Mark.FUTURE))
