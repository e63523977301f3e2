"""What a change makes of an entity: pure, so that every store agrees on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from .change import Change, Fragment, Mode, Refusal
from .entity import NULL, Attribute, Attributes, Entity
from .errors import DomainError, Fault, bad_data
from .fragments import is_null, patched, removes, whole
from .instants import Instant
from .observation import Times, received

ENDING = frozenset({Mode.DELETE, Mode.ERASE})
"""Modes after which the entity is no more."""
BEGINNING = frozenset({Mode.CREATE, Mode.REPLACE, Mode.UPDATE, Mode.OBSERVE})
"""Modes that may bring an entity into being."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying a change.

    Attributes:
        entity: the entity after the change; ``deleted`` is set when it is no more.
        created: whether the change brought it into being.
        instances: what goes to history: (attribute IRI, instance with its time), in order of the change.
        removed: instances of the current state, with the IRI of their attribute, in whose place there is none now.
        refused: attributes that the change named and that stay as they are.
        touched: IRIs of the attributes whose current state changed, sorted.
        changed: whether anything of the current state changed, types and scopes included.
        now: the store's time of the change.
        assumed: the newest time that was given to an instance without observedAt; the clock goes on from there.
    """

    entity: Entity
    created: bool
    instances: tuple[tuple[str, Attribute], ...]
    removed: tuple[tuple[str, Attribute], ...]
    refused: tuple[Refusal, ...]
    touched: tuple[str, ...]
    changed: bool
    now: Instant
    assumed: Instant


class _Draft(msgspec.Struct):
    """An entity's attributes while a change is applied to them."""

    change: Change
    times: Times
    attributes: Attributes
    history: list[tuple[str, Attribute]] = []
    refused: list[Refusal] = []

    def instance(self, name: str, dataset: str | None) -> Attribute | None:
        """The instance of a dataset, None when there is none."""
        return next((i for i in self.attributes.get(name, ()) if i.dataset == dataset), None)

    def write(self, name: str, instances: tuple[Attribute, ...], before: tuple[Attribute, ...] | None = None) -> None:
        """Bring instances in; ``before`` are those that were there."""
        was = self.attributes.get(name, ()) if before is None else before
        kept, added = received(was, instances, self.change.mode, self.times)
        self.history.extend((name, instance) for instance in added)
        if kept:
            self.attributes[name] = kept

    def remove(self, name: str, dataset: str | None) -> None:
        """Take the instance of a dataset away."""
        left = tuple(i for i in self.attributes.get(name, ()) if i.dataset != dataset)
        if left:
            self.attributes[name] = left
        else:
            self.attributes.pop(name, None)

    def refuse(self, name: str, dataset: str | None, *, there: bool = False) -> None:
        """Leave an instance alone, because it is there already, or because it is not."""
        what = f"The attribute {name}" + (f" has no dataset {dataset} or" if dataset and not there else "")
        state = "exists already and is not overwritten." if there else "does not exist."
        fault = Fault.ALREADY_EXISTS if there else Fault.NOT_FOUND
        self.refused.append(Refusal(attribute=name, dataset=dataset, fault=fault, detail=f"{what} {state}"))


def merge(
    current: Entity | None, change: Change, now: Instant, assumed: Instant, present: Instant | None = None
) -> Merged:
    """Apply a change to the current state.

    Revisions of history need the history; of a current state they change nothing, see the store.

    Args:
        current: the entity as it is, None when it does not exist.
        change: what is asked for.
        now: the store's time, for createdAt and modifiedAt.
        assumed: the writer's strictly increasing clock, for instances that came without observedAt; several of one
            dataset follow each other by a microsecond.
        present: decides what lies in the future; ``now`` when None.

    Returns:
        The entity after the change and the instances for history. ``touched`` is empty when nothing changed.

    Raises:
        DomainError: AlreadyExists, when the change creates what exists; ResourceNotFound, when it changes what does
            not; BadRequestData, when it brings an entity into being without a type, or an attribute without a value.
    """
    _check_existence(current, change)
    before = current.attributes if current is not None else {}
    fresh = change.mode is Mode.REPLACE or change.mode in ENDING
    draft = _Draft(change, Times(now, assumed, now if present is None else present), {} if fresh else dict(before))
    _STEPS[change.mode](draft, before)
    attributes, history = draft.attributes, draft.history
    types, scopes = _identity(current, change)
    touched = tuple(sorted(n for n in {*attributes, *before} if attributes.get(n) != before.get(n)))
    ended = change.mode in ENDING
    changed = current is None or ended or bool(touched) or types != current.types or scopes != current.scopes
    entity = Entity(
        id=change.entity.id,
        types=types,
        scopes=scopes,
        attributes=attributes,
        created=now if current is None else current.created,
        modified=now if changed or current is None else current.modified,
        deleted=now if ended else None,
    )
    return Merged(
        entity=entity,
        created=current is None,
        instances=tuple(history),
        removed=_removed(before, attributes),
        refused=tuple(draft.refused),
        touched=touched,
        changed=changed,
        now=now,
        assumed=max((Instant(i.modified) for _, i in history if i.observed is None), default=assumed),
    )


def _check_existence(current: Entity | None, change: Change) -> None:
    id_ = change.entity.id
    if current is not None:
        if change.mode is Mode.CREATE:
            raise DomainError(Fault.ALREADY_EXISTS, f"The entity {id_} exists already.")
    elif change.existing or change.mode not in BEGINNING:
        raise DomainError(Fault.NOT_FOUND, f"The entity {id_} does not exist.")
    elif not change.entity.types:
        raise bad_data(f"The entity {id_} does not exist and cannot be created without a type.")


def _bring(draft: _Draft, before: Attributes) -> None:
    for name, instances in draft.change.entity.attributes.items():
        if not draft.change.overwrite:
            there = {instance.dataset for instance in before.get(name, ())}
            for dataset in sorted({i.dataset for i in instances} & there, key=lambda d: d or ""):
                draft.refuse(name, dataset, there=True)
            new = tuple(instance for instance in instances if instance.dataset not in there)
        else:
            new = instances
        if new:
            draft.write(name, new, before.get(name, ()))


def _patch(draft: _Draft, _before: Attributes) -> None:
    for name, instances in draft.change.entity.attributes.items():
        for instance in instances:
            if draft.instance(name, instance.dataset) is None:
                draft.refuse(name, instance.dataset)
            elif is_null(instance.value):
                draft.remove(name, instance.dataset)
            else:
                draft.write(name, (instance,))


def _merge_fragments(draft: _Draft, _before: Attributes) -> None:
    for name, fragments in draft.change.fragments.items():
        for fragment in fragments:
            previous = draft.instance(name, fragment.dataset)
            if previous is not None:
                _change_members(draft, name, previous, fragment)
            elif not removes(fragment):
                draft.write(name, (whole(fragment, name),))


def _update_members(draft: _Draft, _before: Attributes) -> None:
    for name, fragments in draft.change.fragments.items():
        for fragment in fragments:
            previous = draft.instance(name, fragment.dataset)
            if previous is None:
                draft.refuse(name, fragment.dataset)
            else:
                _change_members(draft, name, previous, fragment)


def _change_members(draft: _Draft, name: str, previous: Attribute, fragment: Fragment) -> None:
    instance = patched(previous, fragment, name, deep=draft.change.mode is Mode.MERGE)
    if instance is None:
        draft.remove(name, fragment.dataset)
    else:
        draft.write(name, (instance,))


def _delete_attributes(draft: _Draft, before: Attributes) -> None:
    for target in draft.change.targets:
        datasets = [instance.dataset for instance in before.get(target.attribute, ())]
        chosen = datasets if target.every else [dataset for dataset in datasets if dataset == target.dataset]
        if not chosen:
            draft.refuse(target.attribute, target.dataset)
        for dataset in chosen:
            draft.remove(target.attribute, dataset)


def _nothing(_draft: _Draft, _before: Attributes) -> None:
    """What ends leaves no attributes, and revisions are about history."""


_STEPS: Mapping[Mode, Callable[[_Draft, Attributes], None]] = {
    Mode.CREATE: _bring,
    Mode.REPLACE: _bring,
    Mode.UPDATE: _bring,
    Mode.OBSERVE: _bring,
    Mode.PATCH: _patch,
    Mode.MERGE: _merge_fragments,
    Mode.PARTIAL: _update_members,
    Mode.DELETE: _nothing,
    Mode.DELETE_ATTRIBUTES: _delete_attributes,
    Mode.ERASE: _nothing,
    Mode.ERASE_ATTRIBUTES: _delete_attributes,
    Mode.REVISE: _nothing,
    Mode.ERASE_INSTANCES: _nothing,
}


def _removed(before: Attributes, after: Attributes) -> tuple[tuple[str, Attribute], ...]:
    found: list[tuple[str, Attribute]] = []
    for name, instances in before.items():
        kept = after.get(name, ())
        if kept is not instances:
            datasets = {instance.dataset for instance in kept}
            found += [(name, instance) for instance in instances if instance.dataset not in datasets]
    return tuple(found)


def _identity(current: Entity | None, change: Change) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types and scopes afterwards: types are only ever added (NGSI-LD clause 5.5.11), scopes replaced when named."""
    incoming, mode = change.entity, change.mode
    types = tuple(sorted(set(incoming.types)))
    if current is None:
        return types, incoming.scopes
    if mode is Mode.REPLACE:
        return types or current.types, incoming.scopes
    scopes = incoming.scopes if incoming.scopes and change.overwrite else current.scopes
    if incoming.scopes == (NULL,):
        scopes = ()
    return tuple(sorted({*current.types, *types})), scopes
