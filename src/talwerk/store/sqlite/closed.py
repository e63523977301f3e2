"""Hours whose raw values were removed: their sums are final, and no value enters them any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from talwerk.core.aggregates import Sums
from talwerk.core.change import Refusal
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import HOUR, format_instant

_CLOSED = """
SELECT c.hour, coalesce(c.total, r.n), coalesce(c.numbers, r.n), coalesce(c.sum, r.sum), coalesce(c.sumsq, r.sumsq),
       iif(c.total IS NULL, r.min, c.least), iif(c.total IS NULL, r.max, c.most)
FROM closed_hour c LEFT JOIN rollup r ON r.sid = c.sid AND r.hour = c.hour
WHERE c.sid = ? AND c.hour >= ? AND c.hour <= ?
"""


def refused_as_closed(attribute: str, dataset: str | None, values: int) -> Refusal:
    """Why so many values of a series were not written."""
    what = "A value lies in an hour" if values == 1 else f"{values} values lie in hours"
    detail = f"{what} of which only sums are kept; whether they hold it already is not known, so that they stay."
    return Refusal(attribute=attribute, dataset=dataset, fault=Fault.NOT_SUPPORTED, detail=detail)


def closed_hours(connection: apsw.Connection, sids: Sequence[int], start: int, end: int) -> dict[int, Sums]:
    """What the closed hours of some series hold together, as far as they reach into a half-open window of time."""
    found: dict[int, Sums] = {}
    for sid in sids:
        for hour, *sums in connection.execute(_CLOSED, (sid, start // HOUR, (end - 1) // HOUR)):
            total, numbers, sum_, sumsq, least, most = sums
            one = Sums(total=total, numbers=numbers, sum=sum_, sumsq=sumsq, least=least, most=most)
            found[hour] = add(one, found[hour]) if hour in found else one
    return found


def cut(hour: int) -> DomainError:
    """Why a period that cuts a closed hour has no answer."""
    return DomainError(Fault.NOT_SUPPORTED, f"{_only_sums(hour)}: a period cannot begin or end within it.")


def uncounted(hour: int) -> DomainError:
    """Why the different values of a closed hour cannot be counted."""
    return DomainError(Fault.NOT_SUPPORTED, f"{_only_sums(hour)}: its different values cannot be counted.")


def _only_sums(hour: int) -> str:
    return f"Of the hour that begins at {format_instant(hour * HOUR)} only sums are kept"


def add(one: Sums, other: Sums) -> Sums:
    """Add sums to others, which stay as they are; both are of numbers, or of texts and everything else."""
    numbers = one.numbers or other.numbers
    # Beside numbers, texts have no place in the order.
    least: list[Any] = [part for part in (one.least, other.least) if not (numbers and isinstance(part, str))]
    most: list[Any] = [part for part in (one.most, other.most) if not (numbers and isinstance(part, str))]
    one.total += other.total
    one.numbers += other.numbers
    one.sum += other.sum
    one.sumsq += other.sumsq
    one.least = min((part for part in least if part is not None), default=None)
    one.most = max((part for part in most if part is not None), default=None)
    return one
