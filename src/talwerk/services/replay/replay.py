"""Replaying a file: checked as a whole first, then written through the city's one way in."""

from __future__ import annotations

from typing import BinaryIO

from talwerk.broker import Broker
from talwerk.core.instants import FUTURE_TOLERANCE, Clock, format_instant
from talwerk.core.scope import Scope
from talwerk.core.terms import compact
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.findings import VALUES, Findings, Kind
from talwerk.sdk.tables.rows import Row

from .ordering import each_once, in_time
from .plan import Plan
from .provenance import check_unmixed
from .report import ChannelReport, Report
from .survey import Progress, Survey, read_rows, survey, unusable
from .writing import Tally, Writing


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


async def replay(
    recording: TableFile,
    plan: Plan,
    broker: Broker,
    scope: Scope,
    *,
    clock: Clock,
    progress: Progress = _silent,
) -> Report:
    """Write the measurements of a file into the city; repeating it changes nothing.

    Args:
        recording: the file.
        plan: what its columns are, see :func:`talwerk.services.replay.plan.plan`.
        broker: the way in.
        scope: on whose behalf.
        clock: for the seconds that it takes, and for what lies in the future.
        progress: told how far it is.

    Returns:
        What became of it.

    Raises:
        DomainError: BadRequestData, naming the place, when the file is not what the mapping describes; then nothing
            was written. Forbidden when simulated values would come beside measured ones. What a writer raises in the
            middle (a full disk) leaves whole commits, and a repetition goes on there.
    """
    began = clock.monotonic_s()
    check_unmixed(broker, scope, simulated=plan.simulated)
    with recording.open() as file:
        found = await _surveyed(recording, file, plan, progress)
        total = file.tell()
        findings = Findings()
        present = [index for index, count in enumerate(found.values) if count]
        writing = Writing(plan, broker, scope, present)
        span = _Span(plan)
        latest = clock.now() + FUTURE_TOLERANCE
        rows = read_rows(recording, file, plan, found.order, findings)
        for row in each_once(in_time(rows, found.order, len(plan.targets)), plan, findings):
            span.add(row)
            if row.at > latest:
                findings.row(Kind.FUTURE, row.line, format_instant(row.at))
            if await writing.add(row):
                progress("write", file.tell(), total)
        if not span.rows and findings.rows:
            raise unusable(recording, plan, findings, f"None of the {findings.rows} rows is usable")
        await writing.flush()
        progress("write", total, total)
    seconds = clock.monotonic_s() - began
    return _report(recording, plan, span, findings, writing.tally, seconds)


async def check(recording: TableFile, plan: Plan, *, clock: Clock, progress: Progress = _silent) -> Report:
    """Read a file as :func:`replay` does, and write nothing.

    Raises:
        DomainError: BadRequestData, naming the place, when the file is not what the mapping describes.
    """
    began = clock.monotonic_s()
    with recording.open() as file:
        found = await _surveyed(recording, file, plan, progress)
        findings = Findings()
        span = _Span(plan)
        rows = read_rows(recording, file, plan, found.order, findings)
        for row in each_once(in_time(rows, found.order, len(plan.targets)), plan, findings):
            span.add(row)
    return _report(recording, plan, span, findings, None, clock.monotonic_s() - began)


async def _surveyed(recording: TableFile, file: BinaryIO, plan: Plan, progress: Progress) -> Survey:
    total = file.seek(0, 2)
    found = await survey(recording, file, plan, lambda: progress("check", file.tell(), total))
    progress("check", total, total)
    return found


class _Span:
    """Counts rows and remembers the first and the last time."""

    def __init__(self, plan: Plan) -> None:
        shifts = [target.shift_us for target in plan.targets]
        self._low, self._high = min(shifts), max(shifts)
        self.rows = 0
        self.first: int | None = None
        self.last: int | None = None

    def add(self, row: Row) -> None:
        self.rows += 1
        if self.first is None:
            self.first = row.at + self._low
        self.last = row.at + self._high


def _report(
    recording: TableFile, plan: Plan, span: _Span, findings: Findings, tally: Tally | None, seconds: float
) -> Report:
    counted = tally or Tally(len(plan.targets))
    channels = tuple(
        ChannelReport(
            column=target.column,
            entity=target.entity,
            attribute=compact(target.attribute),
            unit=target.unit,
            new=counted.new[index],
            corrected=counted.corrected[index],
            unchanged=counted.unchanged[index],
        )
        for index, target in enumerate(plan.targets)
    )
    found = findings.all()
    return Report(
        file=recording.name,
        written=tally is not None,
        simulated=plan.simulated,
        rows=span.rows,
        rows_skipped=findings.rows,
        values_skipped=sum(finding.count for finding in found if finding.kind in VALUES),
        first=None if span.first is None else format_instant(span.first),
        last=None if span.last is None else format_instant(span.last),
        channels=channels,
        findings=found,
        notes=plan.notes,
        seconds=round(seconds, 3),
    )
