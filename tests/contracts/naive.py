"""A city as naive as it can be: dictionaries, and every rule written out by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from talwerk.core.change import Mode

Slot = tuple[str, str | None]
"""Attribute and dataset."""
Given = dict[Slot, tuple[Any, int | None]]
"""Values and their times, None for the time of the change."""
IDS = ("urn:e:0", "urn:e:1", "urn:e:2")
ATTRIBUTES = ("urn:a:level", "urn:a:name")
DATASETS = (None, "urn:d:1")
SLOTS: tuple[Slot, ...] = tuple((attribute, dataset) for attribute in ATTRIBUTES for dataset in DATASETS)


class Act(msgspec.Struct, frozen=True):
    """One change, as the model sees it.

    Attributes:
        mode: what it does.
        id: to whom.
        given: values; None as a value removes.
        slots: what is removed.
        existing: whether the entity has to be there.
        overwrite: whether values that are there may be overwritten.
        at: time of the instance that is removed.
    """

    mode: Mode
    id: str
    given: Given
    slots: tuple[Slot, ...] = ()
    existing: bool = False
    overwrite: bool = True
    at: int = 0


class NaiveCity:
    """What a city should hold after each change."""

    def __init__(self) -> None:
        self.current: dict[str, dict[Slot, tuple[Any, int]]] = {}
        self.former: set[str] = set()
        self.history: dict[tuple[str, Slot], dict[int, Any]] = {}
        self.deletions: dict[tuple[str, Slot], set[int]] = {}

    def apply(self, act: Act, now: int) -> set[Slot] | None:
        """Make the change; returns what was refused, None when all of it was."""
        if act.mode in {Mode.ERASE, Mode.ERASE_ATTRIBUTES, Mode.ERASE_INSTANCES}:
            return self._erase(act)
        there = act.id in self.current
        if act.mode is Mode.CREATE and there:
            return None
        if not there and (act.existing or act.mode not in {Mode.CREATE, Mode.REPLACE, Mode.UPDATE, Mode.OBSERVE}):
            return None
        if act.mode is Mode.DELETE:
            for slot in self.current.pop(act.id):
                self._gone(act.id, slot, now)
            self.former.add(act.id)
            return set()
        self.former.discard(act.id)
        state = self.current.setdefault(act.id, {})
        before = dict(state)
        refused = self._remove(act, state) if act.mode is Mode.DELETE_ATTRIBUTES else self._bring(act, state, now)
        for slot in before.keys() - state.keys():
            self._gone(act.id, slot, now)
        return refused

    def _bring(self, act: Act, state: dict[Slot, tuple[Any, int]], now: int) -> set[Slot]:
        refused = set()
        before = dict(state)
        if act.mode is Mode.REPLACE:
            state.clear()
        for slot, (value, observed) in act.given.items():
            known = before.get(slot)
            if (known is None and act.mode in {Mode.PATCH, Mode.PARTIAL}) or (known is not None and not act.overwrite):
                refused.add(slot)
            elif value is None:
                state.pop(slot, None)
            else:
                time = now if observed is None else observed
                # A merge or a partial update without a time says something else of the time that was known.
                if observed is None and act.mode in {Mode.MERGE, Mode.PARTIAL} and known is not None:
                    time = known[1] if known[1] in OBSERVED else now
                self._write(act, slot, (value, time), state, known)
        return refused

    def _write(
        self,
        act: Act,
        slot: Slot,
        new: tuple[Any, int],
        state: dict[Slot, tuple[Any, int]],
        known: tuple[Any, int] | None,
    ) -> None:
        self.history.setdefault((act.id, slot), {})[new[1]] = new[0]
        if act.mode is not Mode.OBSERVE or known is None or new[1] >= known[1]:
            state[slot] = new

    def _remove(self, act: Act, state: dict[Slot, tuple[Any, int]]) -> set[Slot]:
        return {slot for slot in act.slots if state.pop(slot, None) is None}

    def _gone(self, id_: str, slot: Slot, now: int) -> None:
        self.deletions.setdefault((id_, slot), set()).add(now)

    def _erase(self, act: Act) -> set[Slot] | None:
        if act.id not in self.current and act.id not in self.former:
            return None
        if act.mode is Mode.ERASE:
            self.current.pop(act.id, None)
            self.former.discard(act.id)
            slots: set[Slot] = set(SLOTS)
        else:
            slots = {slot for slot in act.slots if (act.id, slot) in self.history}
        refused = set(act.slots) - slots
        state = self.current.get(act.id, {})
        for slot in slots:
            if act.mode is Mode.ERASE_INSTANCES:
                refused |= self._erase_instance(act, slot, state)
                continue
            state.pop(slot, None)
            self.history.pop((act.id, slot), None)
            self.deletions.pop((act.id, slot), None)
        return refused

    def _erase_instance(self, act: Act, slot: Slot, state: dict[Slot, tuple[Any, int]]) -> set[Slot]:
        values = self.history[act.id, slot]
        if act.at not in values:
            return {slot}
        del values[act.at]
        if slot in state and state[slot][1] == act.at:
            del state[slot]
            if values:
                state[slot] = (values[max(values)], max(values))
        return set()


OBSERVED = frozenset(range(-3, 1))
"""Times that values may bring along; the times of changes lie far above."""
