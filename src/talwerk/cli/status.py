"""``talwerk status``: how the city is, running or not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence

import click
import msgspec

from talwerk.app.feeds import settled
from talwerk.core.instants import SECOND, Instant, SystemClock, format_instant
from talwerk.processes.directory import TWIN_SUFFIX
from talwerk.processes.doctor import Examined, Level, State, examine
from talwerk.processes.doctor.amounts import size, span
from talwerk.processes.housekeeping import Housekeeping
from talwerk.settings import Settings

from .options import with_settings

NOT_RUNNING, IN_TROUBLE = 1, 3


@click.command()
@with_settings("city", "data", "feeds")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(settings: Settings, *, as_json: bool) -> None:
    """Show how the city is. Exit codes: 0 it runs, 1 it does not, 3 it runs and something is wrong."""
    found = asyncio.run(examine(settled(settings), SystemClock()))
    if as_json:
        click.echo(msgspec.json.encode(found, enc_hook=str).decode())
    else:
        for line in lines(found):
            click.echo(line)
    raise SystemExit(exit_code(found))


def exit_code(found: Examined) -> int:
    """What a script has to know."""
    if found.state is State.STOPPED:
        return NOT_RUNNING
    worst = max((finding.level.weight for finding in found.findings), default=0)
    return IN_TROUBLE if worst >= Level.WARNING.weight else 0


def lines(found: Examined) -> Iterator[str]:
    """The city's state for people."""
    name = f"{found.city}{TWIN_SUFFIX} (simulated)" if found.twin else found.city
    yield f"{name}: {_headline(found)}"
    yield ""
    yield from _table(_facts(found))
    if found.report is not None:
        yield ""
        yield from _table([("PROCESS", "PID", "UP", "MEMORY", "CPU", "FILES"), *_processes(found)])
        if found.report.sources:
            yield ""
            yield from _table([("SOURCE", "STATE", "SINCE", "NEWEST VALUE", "ERROR"), *_sources(found)])
    troubles = [finding for finding in found.findings if finding.level.weight >= Level.WARNING.weight]
    if troubles:
        yield ""
        for finding in troubles:
            yield f"{finding.level.upper()} {finding.about}: {finding.what}"
        yield "talwerk doctor says what to do."


def _headline(found: Examined) -> str:
    if found.report is None:
        held = "does not answer: it starts, ends or hangs"
        return held if found.state is State.UNRESPONSIVE else "not running"
    writer = found.report.writer
    up = span((found.at - found.report.since) / SECOND)
    ready = "ready, but no source is polled" if found.report.halted else "ready"
    return f"running for {up}, " + ("reads only: " + writer.trouble if writer.trouble else ready)


def _facts(found: Examined) -> Iterator[tuple[str, str]]:
    yield "Data", found.directory
    report, store, copies = found.report, found.store, found.copies
    if report is not None:
        writer, work = report.writer, report.work
        yield "Version", report.version
        yield "Lag", f"{writer.lag_ms} ms, {writer.waiting} of {writer.waiting_max} batches wait"
        slow = work.commits.bound_of(0.99)
        below = f", 99 % below {slow * 1_000:g} ms" if slow is not None else ""
        yield "Written", f"{work.values:,} values in {work.commits.total:,} commits since the start{below}"
    if store is not None:
        yield "Database", f"{size(store.database_bytes)}, write-ahead log {size(store.wal_bytes)}"
        since = f" (since {format_instant(store.oldest_at)})" if store.oldest_at is not None else ""
        yield "Change log", f"{store.oldest} to {store.position}{since}"
        yield "Disk", f"{size(store.disk_free_bytes)} left, {_forecast(found)}"
    else:
        yield "Database", "cannot be read" if found.findings else "none"
    yield "Last backup", _ago(found, copies.backup)
    if copies.copy_on:
        yield "Second place", f"complete up to {_ago(found, copies.copied)}"
    if report is not None and report.housekeeping is not None:
        kept = report.housekeeping
        read = "all pages read" if kept.round_ended is not None else f"{kept.checked} of {kept.pages} pages read"
        yield (
            "Housekeeping",
            f"{kept.removed:,} old values removed since the start, {read}, {len(kept.damaged)} damaged",
        )
    if report is not None:
        for duty in report.duties:
            if duty.running and duty.name == Housekeeping.name and report.housekeeping is not None:
                # It has a line of its own.
                continue
            yield duty.name.capitalize(), "goes on" if duty.running else duty.error or "has nothing to do"


def _forecast(found: Examined) -> str:
    if found.forecast is None:
        return "too early for a forecast"
    days = found.forecast.days
    return "not filling up" if days is None else f"full in {days:.0f} days"


def _processes(found: Examined) -> Iterator[tuple[str, ...]]:
    for process in found.report.processes if found.report is not None else ():
        vitals = process.vitals
        if vitals is None or vitals.pid == os.getpid():
            continue
        up = span((found.at - vitals.started) / SECOND)
        yield process.name, str(vitals.pid), up, size(vitals.rss_bytes), f"{vitals.cpu_s:.1f} s", str(vitals.files)


def _sources(found: Examined) -> Iterator[tuple[str, ...]]:
    for source in found.report.sources if found.report is not None else ():
        since = span((found.at - source.since) / SECOND)
        yield source.key, source.health.value, since, _ago(found, source.newest), source.error[:80]


def _ago(found: Examined, moment: Instant | None) -> str:
    return "never" if moment is None else f"{span((found.at - moment) / SECOND)} ago"


def _table(rows: Sequence[tuple[str, ...]] | Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Rows with aligned columns, two blanks apart."""
    kept = list(rows)
    widths = [max(len(row[n]) for row in kept if n < len(row)) for n in range(max(map(len, kept)))]
    for row in kept:
        yield "  ".join(cell.ljust(widths[n]) for n, cell in enumerate(row)).rstrip()
