"""Measure of the sources themselves: how many of them deliver in time."""

from __future__ import annotations

from talwerk.core.terms import expand
from talwerk.sdk.theme import OnTime
from talwerk.services.sources.duty import TYPE
from talwerk.services.sources.state import Health

from .evidence import Evidence
from .result import Absence, Result, absent, percent

HEALTH = expand("health")


def on_time(_measure: OnTime, evidence: Evidence) -> Result:
    """See :class:`talwerk.sdk.theme.OnTime`."""
    stated = [str(one.value) for e in evidence.things((TYPE,), (), ("health",)) for one in e.attributes.get(HEALTH, ())]
    asked = [health for health in stated if health != Health.WAITING]
    if not asked:
        return absent(Absence.NO_SOURCES)
    part = asked.count(Health.FRESH)
    return Result(value=percent(part, len(asked)), numerator=part, denominator=len(asked), count=len(asked))
