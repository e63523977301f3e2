"""History as the writer keeps it: many plain values of one series at once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice
from math import isfinite
from operator import lt
from typing import Any

import apsw
import msgspec

from talwerk.core.change import Observations, Refusal
from talwerk.core.errors import bad_data
from talwerk.core.instants import FUTURE_TOLERANCE, HOUR
from talwerk.core.quality import FLAG_MASK, Mark
from talwerk.core.values import check_flag, check_instant, check_name, check_value, is_text

from .closed import refused_as_closed
from .instances import History
from .rollups import Rollups, Row
from .series import Ends, Track

_INSERT = "INSERT INTO obs (sid, at, val, flag, recorded) VALUES (?, ?, ?, ?, ?)"


class Extent(msgspec.Struct, frozen=True):
    """What was written of some columns.

    Attributes:
        added: how many values are new.
        corrected: how many replaced another one.
        start: oldest time written, None when nothing was.
        end: newest time written, None when nothing was.
        refused: values whose hours take none any more.
    """

    added: int = 0
    corrected: int = 0
    start: int | None = None
    end: int | None = None
    refused: tuple[Refusal, ...] = ()


def check_columns(observations: Observations) -> None:
    """Make sure that columns can be kept.

    Raises:
        DomainError: BadRequestData, with the attribute as the place.
    """
    where = observations.attribute if isinstance(observations.attribute, str) else "attribute"
    for name in (observations.entity, observations.attribute, *observations.types):
        check_name(name, where)
    if observations.dataset is not None:
        check_name(observations.dataset, where)
    if observations.unit is not None and not is_text(observations.unit):
        raise bad_data("The unit holds U+0000 or a lone surrogate, which cannot be stored.", where)
    at, values, quality = observations.at, observations.values, observations.quality
    if not at or len(values) != len(at) or len(quality) not in (1, len(at)):
        raise bad_data(f"The columns have {len(at)} times, {len(values)} values and {len(quality)} flags.", where)
    for flag in set(quality):
        check_flag(flag, where)
    _check_times(at, where)
    _check_values(values, where)


def _check_values(values: Sequence[int | float | str], where: str) -> None:
    kinds = set(map(type, values))
    for kind in kinds.difference((int, float, str)):
        raise bad_data(f"A {kind.__name__} is neither number nor text.", where)
    # Kind by kind at the speed of C, and only those that there are; a loop over check_value takes as long as writing.
    if int in kinds:
        integers = [value for value in values if isinstance(value, int)]
        check_value(min(integers), where)
        check_value(max(integers), where)
    if float in kinds and not all(map(isfinite, (value for value in values if isinstance(value, float)))):
        raise bad_data("A number is not finite.", where)
    if str in kinds:
        check_value("".join(value for value in values if isinstance(value, str)), where)


def _check_times(at: Sequence[int], where: str) -> None:
    if set(map(type, at)) != {int}:
        raise bad_data("The times are no integers.", where)
    check_instant(min(at), where)
    check_instant(max(at), where)
    if not all(map(lt, at, islice(at, 1, None))):
        raise bad_data("The times do not strictly increase.", where)


def flags_of(observations: Observations, now: int) -> list[int]:
    """The flags to store, one per value: without marks of others, with ours for times in the future."""
    limit = now + FUTURE_TOLERANCE
    quality = observations.quality
    if len(quality) == 1:
        flags = [quality[0] & FLAG_MASK] * len(observations.at)
    else:
        flags = [flag & FLAG_MASK for flag in quality]
    if observations.at[-1] > limit:
        future = int(Mark.FUTURE)
        flags = [flag | future if at > limit else flag for at, flag in zip(observations.at, flags, strict=True)]
    return flags


class Columns:
    """Writes many plain values of one series.

    Args:
        connection: the writing connection.
        history: sets replaced values aside.
        ends: tells what is newer than everything before.
        rollups: to be told which hours were touched.
    """

    def __init__(self, connection: apsw.Connection, history: History, ends: Ends, rollups: Rollups) -> None:
        self._connection = connection
        self._history = history
        self._ends = ends
        self._rollups = rollups

    def put(self, track: Track, sid: int, rows: Sequence[Row], now: int) -> Extent:
        """Keep values in their series.

        Args:
            track: names the series.
            sid: the series' key.
            rows: in order of time.
            now: when they are recorded, microseconds UTC.
        """
        append = self._ends.advance(sid, rows[0][0], rows[-1][0])
        closed = frozenset() if append else self._ends.closed(sid, rows[0][0], rows[-1][0])
        refused: tuple[Refusal, ...] = ()
        if closed:
            late = sum(row[0] // HOUR in closed for row in rows)
            refused = (refused_as_closed(track.attribute, track.dataset, late),) if late else ()
            rows = [row for row in rows if row[0] // HOUR not in closed]
            if not rows:
                return Extent(refused=refused)
        fresh: Sequence[Row] = rows
        corrections: Sequence[Row] = ()
        if not append:
            fresh, corrections = self._sorted_out(sid, rows)
        self._connection.executemany(_INSERT, ((sid, at, value, flag, now) for at, value, flag in fresh))
        for at, value, flag in corrections:
            self._history.supersede(sid, at, now)
            self._connection.execute(
                "UPDATE obs SET val = ?, flag = ?, recorded = ? WHERE sid = ? AND at = ?", (value, flag, now, sid, at)
            )
        times = [row[0] for row in fresh] + [row[0] for row in corrections]
        if not times:
            return Extent(refused=refused)
        if append:
            self._rollups.add(sid, rows)
        else:
            self._rollups.touch(sid, times)
        return Extent(len(fresh), len(corrections), min(times), max(times), refused)

    def _sorted_out(self, sid: int, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """New values and corrections; values that are there already are left out."""
        there = self._there(sid, rows)
        fresh: list[Row] = []
        corrections: list[Row] = []
        ripe: list[Row] = []
        for row in rows:
            old = there.get(row[0])
            if old is None:
                fresh.append(row)
            elif old[2] or old[0] != row[1] or (old[1] ^ row[2]) & FLAG_MASK:
                corrections.append(row)
            elif old[1] & Mark.FUTURE and not row[2] & Mark.FUTURE:
                ripe.append(row)
        self._connection.executemany(
            "UPDATE obs SET flag = ? WHERE sid = ? AND at = ?", ((flag, sid, at) for at, _, flag in ripe)
        )
        return fresh, corrections

    def _there(self, sid: int, rows: Sequence[Row]) -> dict[int, tuple[Any, int, bool]]:
        """Value, flag and whether it is more than a plain value, of the given times that have one already."""
        times = array("q", (row[0] for row in rows))
        found = self._connection.execute(
            "SELECT o.at, o.val, o.flag, x.sid IS NOT NULL "
            "FROM carray(?) t CROSS JOIN obs o ON o.sid = ? AND o.at = t.value "
            "LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at",
            (apsw.carray(times), sid),
        )
        return {at: (value, flag, bool(more)) for at, value, flag, more in found}
