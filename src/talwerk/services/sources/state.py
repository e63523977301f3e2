"""How a source is: the one picture that pages, metrics and commands share."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from talwerk.core.instants import Instant


class Health(StrEnum):
    """What can be said of a source."""

    WAITING = "waiting"
    """It was not asked yet; where it sends by itself, nothing ever came."""
    FRESH = "fresh"
    """Its newest value is younger than its stale limit."""
    STALE = "stale"
    """It answers, and its newest value is older than that."""
    SILENT = "silent"
    """It answers without any value; where it sends by itself, nothing came for longer than its stale limit."""
    UNREACHABLE = "unreachable"
    """It does not answer, or with an error; or it may not be asked."""
    MALFORMED = "malformed"
    """Its answer cannot be read."""


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One source at one moment.

    Attributes:
        key: of the connector and its source, as series name it.
        title: what people call it.
        since: when it became as it is.
        health: how it is.
        asked: when it was last asked.
        answered: when it last gave a usable answer.
        newest: when its newest value was observed.
        due: when it is asked next.
        values: values that it has brought since the start.
        faults: answers that could not be used since the start.
        late: how often since the start the next answer was due before one was fetched, read and written.
        late_s: by how much the latest one missed that, 0 when it did not.
        error: what is wrong with it now, in one sentence; empty when nothing is.
        left_out: values that could not be used in the latest answers, by reason.
        sends: whether it sends by itself and nobody asks it.
    """

    key: str
    title: str
    since: Instant
    health: Health = Health.WAITING
    asked: Instant | None = None
    answered: Instant | None = None
    newest: Instant | None = None
    due: Instant | None = None
    values: int = 0
    faults: int = 0
    late: int = 0
    late_s: float = 0.0
    error: str = ""
    left_out: dict[str, int] = {}
    sends: bool = False
