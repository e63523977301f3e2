"""From a declared measure to its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from talwerk.sdk.theme import (
    DaysAbove,
    Fresh,
    HoursAbove,
    Measure,
    OnTime,
    PerAddresses,
    Received,
    Share,
    Unsourced,
    WithinWalk,
)

from .evidence import Evidence
from .of_days import days_above, hours_above
from .of_places import per_addresses, within_walk
from .of_series import fresh, received, share
from .of_sources import on_time
from .result import Absence, Result, absent

_COMPUTE: dict[type, Callable[[Any, Evidence], Result]] = {
    Fresh: fresh,
    Received: received,
    OnTime: on_time,
    Share: share,
    DaysAbove: days_above,
    HoursAbove: hours_above,
    PerAddresses: per_addresses,
    WithinWalk: within_walk,
    Unsourced: lambda _measure, _evidence: absent(Absence.UNSOURCED),
}


def compute(measure: Measure, evidence: Evidence) -> Result:
    """What becomes of a measure with what the city knows."""
    return _COMPUTE[type(measure)](measure, evidence)
