"""What enters the city: changes, gathered into a batch, answered by an acknowledgement.

These values travel as bytes between processes, so that they hold nothing but plain data.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .entity import Entity
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
    """Add instances as a device does: the newest becomes current, older ones go to history."""


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


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="change"):
    """One change to one entity."""

    mode: Mode
    entity: Entity
    provenance: Provenance = Provenance()


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
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one change.

    Attributes:
        entity: the entity's id.
        done: what happened.
        added: values that are new in history.
        corrected: values that replaced another one of the same time; the old one is kept as superseded.
        fault: why it failed.
        detail: one sentence about the failure.
    """

    entity: str
    done: Done
    added: int = 0
    corrected: int = 0
    fault: Fault | None = None
    detail: str = ""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Given only after the batch is on disk.

    Attributes:
        position: the change log's position after the batch.
        outcomes: one per change, in order.
    """

    position: int
    outcomes: tuple[Outcome, ...]
