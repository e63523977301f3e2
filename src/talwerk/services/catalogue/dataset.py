"""A dataset: everything that comes from one source, as the catalogue lists it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from talwerk.core.instants import Instant
from talwerk.services.sources.state import Health


class Kind(StrEnum):
    """How data come here."""

    POLLED = "polled"
    """The city asks a source."""
    SENT = "sent"
    """Somebody sends or has read them in: devices, clients, files."""
    LAYER = "layer"
    """An official file of the city that an operator loads."""
    COMPUTED = "computed"
    """The city computes them from the others."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What a dataset tells of its things.

    Attributes:
        name: short attribute name.
        unit: UN/CEFACT code, empty for what has none.
        things: how many things have it.
        measured: whether it is measured, and not only said.
    """

    name: str
    unit: str = ""
    things: int
    measured: bool


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset.

    Attributes:
        key: of the source, as series name it.
        kind: how its data come here.
        title: what people call it.
        publisher: who publishes it, empty when nobody said.
        short: the same for narrow places.
        licence: SPDX identifier, ``unknown`` or ``restricted``.
        terms: where its terms were found, or why they are unknown; empty when nobody said.
        attribution: the credit line.
        units: UN/CEFACT codes of its values, sorted.
        attributes: short names of what is measured, sorted.
        types: short types of its things, sorted.
        series: how many series of values there are.
        things: how many things.
        every_s: seconds between two polls, 0 when it is not polled.
        cadence_s: seconds between two values, 0 when there is no rhythm.
        health: its state, None when it is not polled or was not asked yet.
        since: when it became as it is.
        error: what is wrong with it, in one sentence; empty when nothing is.
        first: time of its oldest value.
        last: time of its newest value; where it brings none, of what was said last about its things.
        simulated: whether nobody measured its values.
        themes: keys of the themes that it belongs to.
    """

    key: str
    kind: Kind
    title: str
    publisher: str = ""
    short: str = ""
    licence: str = "unknown"
    terms: str = ""
    attribution: str = ""
    units: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    series: int = 0
    things: int = 0
    every_s: int = 0
    cadence_s: int = 0
    health: Health | None = None
    since: Instant | None = None
    error: str = ""
    first: Instant | None = None
    last: Instant | None = None
    simulated: bool = False
    themes: tuple[str, ...] = ()

    @property
    def exportable(self) -> bool:
        """Whether its licence lets everybody take all of it; unknown and restricted terms do not.

        An operator who has asked states the licence in the profile.
        """
        licence = self.licence.casefold()
        return licence not in {"", "unknown", "restricted"} and "-nc" not in licence
