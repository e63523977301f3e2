"""What enters the city: changes, gathered into a batch, answered by an acknowledgement.

These values travel as bytes between processes, so that they hold nothing but plain data.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from .entity import Entity, Kind
from .errors import Fault
from .quality import Flag


class Origin(StrEnum):
    """Where a batch comes from; rules and warnings ignore backfill and replay."""

    LIVE = "live"
    BACKFILL = "backfill"
    REPLAY = "replay"
    DERIVED = "derived"
    RULE = "rule"
    PEER = "peer"


class Mode(StrEnum):
    """What a change does to the entity it names."""

    CREATE = "create"
    """Bring it into being; a fault when it exists (NGSI-LD clause 5.6.1)."""
    REPLACE = "replace"
    """Bring it into being, or replace all of its attributes (5.6.8, option replace)."""
    UPDATE = "update"
    """Bring it into being, or overwrite the named attributes (5.6.8, option update)."""
    OBSERVE = "observe"
    """Add instances as a device does: the newest becomes current, older ones go to history (5.6.11, 5.6.12)."""
    PATCH = "patch"
    """Overwrite the named instances that are there, remove those that are null; others are refused (5.6.2, 5.6.19)."""
    MERGE = "merge"
    """Change what the fragments name, down to the members of values, and keep the rest (5.6.17)."""
    PARTIAL = "partial"
    """Change the named members of instances that are there; others are refused (5.6.4)."""
    DELETE = "delete"
    """End it; its history stays, unless the store is told otherwise (5.6.6)."""
    DELETE_ATTRIBUTES = "delete attributes"
    """Remove the targets from its current state; their history stays (5.6.5)."""
    ERASE = "erase"
    """Remove it with its history (5.6.16)."""
    ERASE_ATTRIBUTES = "erase attributes"
    """Remove the targets with their history (5.6.13)."""
    REVISE = "revise"
    """Put another value in the place of the targeted instance of history (5.6.14)."""
    ERASE_INSTANCES = "erase instances"
    """Remove the targeted instances from history; the newest that is left becomes current (5.6.15)."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the values of a series come from; a changed method opens a new series.

    Attributes:
        source: key of the source, for example that of a water board.
        licence: SPDX identifier or ``unknown``; unknown blocks bulk export.
        attribution: the credit line that stands on every map, export and print.
        method: how the value comes about, for example ``30 min mean``.
        cadence_s: expected seconds between two values, None when there is none.
        stale_s: seconds after which the newest value is stale, None for three cadences.
        simulated: True for values that nobody measured; they are marked wherever they are shown.
    """

    source: str = "api"
    licence: str = "unknown"
    attribution: str = ""
    method: str = ""
    cadence_s: int | None = None
    stale_s: int | None = None
    simulated: bool = False


class Fragment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shall become of one instance of an attribute; what is unset stays as it is (NGSI-LD clauses 5.5.8, 5.5.12).

    Attributes:
        kind: which kind of attribute it is, None for that of the instance.
        value: the new value, or null (``core.entity.NULL``) to remove the instance.
        dataset: which instance is meant, None for the default one.
        observed: when the value was observed, None to remove the time.
        unit: unit of the value, None to remove it.
        members: further members; null removes one.
        subattributes: fragments of the attributes of the attribute, by IRI.
    """

    kind: Kind | None = None
    value: Any = UNSET
    dataset: str | None = None
    observed: int | UnsetType | None = UNSET
    unit: str | UnsetType | None = UNSET
    members: dict[str, Any] = {}
    subattributes: dict[str, tuple[Fragment, ...]] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be removed or revised.

    Attributes:
        attribute: IRI of the attribute.
        dataset: which instance of the current state, None for the default one.
        every: whether the instances of all datasets are meant.
        instance: id of the instance in history, None for current state.
    """

    attribute: str
    dataset: str | None = None
    every: bool = False
    instance: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="change"):
    """One change to one entity.

    Attributes:
        mode: what it does.
        entity: whom it is about, with whole attributes; with no types where the entity's own are meant.
        provenance: where the values come from.
        existing: whether the entity has to exist; modes that change or remove something always need it.
        overwrite: whether instances that are there may be overwritten; otherwise they are refused.
        fragments: for merges and partial updates, by IRI of the attribute.
        targets: for removals and revisions.
    """

    mode: Mode
    entity: Entity
    provenance: Provenance = Provenance()
    existing: bool = False
    overwrite: bool = True
    fragments: dict[str, tuple[Fragment, ...]] = {}
    targets: tuple[Target, ...] = ()


class Observations(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="observations"):
    """Many plain values of one series, in columns: the lean way in for replays, feeds and sensors.

    Attributes:
        entity: the entity's id; it comes into being when it does not exist.
        types: its types (IRIs), used when it comes into being.
        attribute: IRI of the attribute.
        dataset: IRI of the dataset or None.
        unit: UN/CEFACT code or None.
        provenance: where the values come from.
        at: observation times, shape ``(n,)``, microseconds UTC, strictly increasing.
        values: shape ``(n,)``, numbers or texts.
        quality: stored flags, shape ``(n,)``, or one for all.
    """

    entity: str
    types: tuple[str, ...]
    attribute: str
    at: list[int]
    values: list[int | float | str]
    dataset: str | None = None
    unit: str | None = None
    provenance: Provenance = Provenance()
    quality: list[int] = msgspec.field(default_factory=lambda: [int(Flag.NOT_EVALUATED)])


class Batch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes that are committed together; each succeeds or fails by itself.

    Attributes:
        changes: applied in order.
        origin: where they come from.
        depth: how many derivations lie between these changes and the world; the city stops at 4.
        version: of this format; a reader accepts its own and the one before.
    """

    changes: tuple[Change | Observations, ...]
    origin: Origin = Origin.LIVE
    depth: int = 0
    version: int = 1


class Done(StrEnum):
    """What became of a change."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attribute that a change named and that stays as it is.

    Attributes:
        attribute: its IRI.
        fault: why.
        detail: one sentence about it.
        dataset: the instance's dataset or None.
    """

    attribute: str
    fault: Fault
    detail: str
    dataset: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one change.

    Attributes:
        entity: the entity's id.
        done: what happened.
        added: values that are new in history.
        corrected: values that replaced another one of the same time; the old one is kept as superseded.
        fault: why it failed.
        detail: one sentence about the failure.
        refused: attributes that stay as they are although the change as such was made.
    """

    entity: str
    done: Done
    added: int = 0
    corrected: int = 0
    fault: Fault | None = None
    detail: str = ""
    refused: tuple[Refusal, ...] = ()


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Given only after the batch is on disk.

    Attributes:
        position: the change log's position after the batch.
        outcomes: one per change, in order.
    """

    position: int
    outcomes: tuple[Outcome, ...]
