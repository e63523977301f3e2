"""Histories put together period by period: from hourly sums where they are exact, from the values elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apsw
import msgspec

from talwerk.core.aggregates import (
    Aggregate,
    AggregatedAttribute,
    AggregatedEntity,
    AggregateQuery,
    Method,
    Sums,
)
from talwerk.core.entity import Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import HOUR
from talwerk.core.query import TimeProperty
from talwerk.core.scope import Scope
from talwerk.store.contract import AggregatePage

from .closed import add, closed_hours, cut, uncounted
from .cursor import Cursors
from .history import TIMES, Branch, chosen_of
from .instances import instance_of
from .points import bounds

PERIODS_MAX = 10_000
"""Periods of one attribute; a page of entities may have ten times as many together."""

_NUMBER = "iif(typeof(o.val) IN ('integer', 'real'), o.val, NULL)"
_TEXT = "iif(typeof(o.val) = 'text', o.val, NULL)"
_SUMS = (
    f"count(*), count({_NUMBER}), coalesce(sum(1.0 * {_NUMBER}), 0.0), "
    f"coalesce(sum(1.0 * {_NUMBER} * {_NUMBER}), 0.0), "
    f"coalesce(min({_NUMBER}), min({_TEXT})), coalesce(max({_NUMBER}), max({_TEXT}))"
)
_DISTINCT = "count(DISTINCT o.val) + count(DISTINCT iif(o.val IS NULL, x.body -> '$.v', NULL))"


def aggregates(connection: apsw.Connection, query: AggregateQuery, scope: Scope, cursors: Cursors) -> AggregatePage:
    """See ``Store.aggregates``."""
    chosen = chosen_of(connection, query.histories, scope, cursors, summed=True)
    found: list[list[AggregatedAttribute]] = [[] for _ in chosen.entities]
    if query.histories.property is not TimeProperty.DELETED:
        left = 10 * PERIODS_MAX
        for group in _groups(chosen.branches):
            values = Values(connection, group, query)
            periods = tuple(values.periods(min(left, PERIODS_MAX)))
            left -= len(periods)
            if periods:
                first = group[0]
                found[first.entity].append(
                    AggregatedAttribute(
                        attribute=first.attribute, dataset=first.dataset, kind=values.kind(), periods=periods
                    )
                )
    alone = len(query.histories.entities.ids) == 1
    entities = [
        AggregatedEntity(msgspec.structs.replace(entity, attributes={}), tuple(attributes))
        for entity, attributes in zip(chosen.entities, found, strict=True)
        if attributes or alone
    ]
    return AggregatePage(entities=tuple(entities), next=chosen.next, total=chosen.total)


def _groups(branches: Iterable[Branch]) -> list[list[Branch]]:
    """The series that belong together: those of one attribute and dataset."""
    groups: dict[tuple[int, str, str | None], list[Branch]] = {}
    for branch in branches:
        groups.setdefault((branch.entity, branch.attribute, branch.dataset), []).append(branch)
    return list(groups.values())


class Values:
    """The values of one attribute of one entity.

    Args:
        connection: a snapshot.
        group: its series.
        query: what is asked for.
    """

    def __init__(self, connection: apsw.Connection, group: list[Branch], query: AggregateQuery) -> None:
        self._connection = connection
        self._query = query
        self._time = TIMES[query.histories.property]
        self._sids = self._of_newest_unit(group)
        marks = ", ".join("?" * len(self._sids))
        self._of = f"FROM obs o {{join}}WHERE o.sid IN ({marks}) AND {self._time} >= ? AND {self._time} < ?"
        self._hours: Mapping[int, Sums | None] = {}
        self._closed: Mapping[int, Sums] = {}
        self._order: list[int] = []

    def _of_newest_unit(self, group: list[Branch]) -> list[int]:
        if len({branch.unit for branch in group}) == 1:
            return [branch.sid for branch in group]
        newest = max(group, key=lambda branch: self._connection.execute(_NEWEST, (branch.sid,)).get or 0)
        return [branch.sid for branch in group if branch.unit == newest.unit]

    def kind(self) -> Kind:
        """The attribute's kind, by the first value that is no plain number or text."""
        marks = ", ".join("?" * len(self._sids))
        body = self._connection.execute(f"SELECT body FROM obs_ext WHERE sid IN ({marks}) LIMIT 1", self._sids).get
        return Kind.PROPERTY if body is None else instance_of(body).kind

    def periods(self, most: int) -> Iterator[Aggregate]:
        """The periods that hold values, oldest first.

        Raises:
            DomainError: TooComplexQuery when there are more periods, empty ones included.
        """
        low, high = bounds(self._query.histories.window)
        if self._query.histories.property is TimeProperty.OBSERVED:
            self._closed = closed_hours(self._connection, self._sids, low, high)
            self._order = sorted(self._closed)
        extent = self._extent(low, high)
        if extent is None:
            return
        first, last = extent
        window, origin = self._query.histories.window, self._query.origin
        begin = origin if origin is not None else first if window.start is None else window.start
        if Method.DISTINCT_COUNT not in self._query.methods and self._query.histories.property is TimeProperty.OBSERVED:
            self._hours = self._exact_hours(first, last + 1)
        for start, end in self._stretches(begin, (first, last), most):
            inside = (max(start, low), min(end, high))
            sums = self._with_closed(self._sums(*inside), *inside)
            if sums.total:
                shown = last if self._query.duration is None and window.end is None else inside[1]
                yield Aggregate(start, shown, sums)

    def _extent(self, low: int, high: int) -> tuple[int, int] | None:
        """The first and last instant of which there are values or sums, None when there are none."""
        sql = f"SELECT min({self._time}), max({self._time}) {self._of.format(join='')}"
        extent: Any = self._connection.execute(sql, (*self._sids, low, high)).fetchall()[0]
        instants = [at for at in extent if at is not None]
        if self._closed:
            instants += [max(self._order[0] * HOUR, low), min((self._order[-1] + 1) * HOUR, high) - 1]
        return (min(instants), max(instants)) if instants else None

    def _with_closed(self, sums: Sums, start: int, end: int) -> Sums:
        """The sums together with those of hours whose values were removed.

        Raises:
            DomainError: OperationNotSupported when the period cuts one, or different values are to be counted.
        """
        first, beyond = (bisect_left(self._order, hour) for hour in (start // HOUR, -(-end // HOUR)))
        hours = self._order[first:beyond]
        for hour in hours:
            if not start <= hour * HOUR < end - HOUR + 1:
                raise cut(hour)
            if Method.DISTINCT_COUNT in self._query.methods:
                raise uncounted(hour)
            add(sums, self._closed[hour])
        if hours and not sums.numbers:
            # The texts of those hours are gone, and the least of the others is not the least of all.
            sums.least = sums.most = None
        return sums if hours else self._deviated(sums, start, end)

    def _stretches(self, begin: int, extent: tuple[int, int], most: int) -> Iterator[tuple[int, int]]:
        """The half-open periods from the first value to the last one."""
        duration, window = self._query.duration, self._query.histories.window
        first, last = extent
        if duration is None:
            yield begin, last + 1 if window.end is None else window.end
            return
        number, start = 0, begin
        while start <= last:
            if number >= most:
                raise DomainError(Fault.TOO_COMPLEX, f"The histories have more than {most} periods of aggregation.")
            number += 1
            end = duration.after(begin, number)
            if end > first:
                yield start, end
            start = end

    def _sums(self, start: int, end: int) -> Sums:
        """What lies between two instants: whole hours by their sums, the rest by the values."""
        inner, outer = -(-start // HOUR), end // HOUR
        if not self._hours or inner >= outer:
            return self._raw(start, end)
        whole = Sums()
        if start < inner * HOUR:
            add(whole, self._raw(start, inner * HOUR))
        hours = (
            range(inner, outer) if outer - inner <= len(self._hours) else [h for h in self._hours if inner <= h < outer]
        )
        for hour in hours:
            known = self._hours.get(hour, _NOTHING)
            add(whole, self._raw(hour * HOUR, (hour + 1) * HOUR) if known is None else known)
        if outer * HOUR < end:
            add(whole, self._raw(outer * HOUR, end))
        return whole

    def _exact_hours(self, start: int, end: int) -> dict[int, Sums | None]:
        """Sums of the hours between two instants, None for those with failed values; none where not all are numbers."""
        inner, outer = start // HOUR, -(-end // HOUR)
        if outer - inner < 2:
            return {}
        found: dict[int, Sums | None] = {}
        count = 0
        for sid in self._sids:
            rows = self._connection.execute(
                "SELECT hour, n, sum, sumsq, min, max, n_bad FROM rollup r WHERE sid = ? AND hour >= ? AND hour < ? "
                "AND NOT EXISTS (SELECT 1 FROM closed_hour c WHERE c.sid = r.sid AND c.hour = r.hour)",
                (sid, inner, outer),
            )
            for hour, n, total, sumsq, least, most, bad in rows:
                count += n + bad
                sums = Sums(total=n, numbers=n, sum=total, sumsq=sumsq, least=least, most=most)
                known = found.get(hour, _NOTHING)
                if bad or known is None:
                    found[hour] = None
                else:
                    found[hour] = add(sums, known)
        sql = f"SELECT count(*) {self._of.format(join='')}"
        values = self._connection.execute(sql, (*self._sids, inner * HOUR, outer * HOUR)).get
        return found if values == count else {}

    def _raw(self, start: int, end: int) -> Sums:
        distinct = Method.DISTINCT_COUNT in self._query.methods
        join = "LEFT JOIN obs_ext x ON x.sid = o.sid AND x.at = o.at " if distinct else ""
        sql = f"SELECT {_SUMS}, {_DISTINCT if distinct else 'NULL'} {self._of.format(join=join)}"
        row: Any = self._connection.execute(sql, (*self._sids, start, end)).fetchall()[0]
        total, numbers, sum_, sumsq, least, most, different = row
        return Sums(total=total, numbers=numbers, sum=sum_, sumsq=sumsq, least=least, most=most, distinct=different)

    def _deviated(self, sums: Sums, start: int, end: int) -> Sums:
        """The sums with an exact deviation, where squares have swallowed it."""
        if Method.STDDEV in self._query.methods and sums.numbers:
            mean = sums.sum / sums.numbers
            if sums.variance < 1e-4 * mean * mean:
                sql = f"SELECT avg(({_NUMBER} - ?) * ({_NUMBER} - ?)) {self._of.format(join='')}"
                found = self._connection.execute(sql, (mean, mean, *self._sids, start, end)).get
                sums.deviation = float(found) ** 0.5
        return sums


_NEWEST = "SELECT max(at) FROM obs WHERE sid = ?"
_NOTHING = Sums()
