"""The report as figures for monitoring: names and units by Prometheus' conventions.

Every process has series of its own, told apart by ``process``: a restarted one begins anew as Prometheus expects it,
and a scrape shows the same whichever process answers it, because the engine hears of everybody's counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator

from talwerk import __version__
from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND, Instant
from talwerk.protocols.http.tally import LIVE, Tally
from talwerk.protocols.metrics import Family, Kind, Sample, histogram
from talwerk.services.sources.state import Health, SourceState
from talwerk.store import Condition

from .copies.state import CopiesState
from .housekeeping import HousekeepingState
from .report import Presence, Report
from .reporter import presence
from .vitals import Vitals

_VITALS: tuple[tuple[str, Kind, str, Callable[[Vitals], float]], ...] = (
    ("start_time_seconds", Kind.GAUGE, "When the process was started.", lambda v: v.started / SECOND),
    ("resident_memory_bytes", Kind.GAUGE, "Memory that it holds, shared pages included.", lambda v: v.rss_bytes),
    ("cpu_seconds_total", Kind.COUNTER, "Time on the processor.", lambda v: v.cpu_s),
    ("open_fds", Kind.GAUGE, "Files and connections that it has open.", lambda v: v.files),
    ("max_fds", Kind.GAUGE, "How many it may open.", lambda v: v.files_max),
)


async def figures(report: Callable[[], Awaitable[Report]], tally: Tally) -> list[Family]:
    """All figures of the city; only those of this process while the engine is away.

    Args:
        report: asks the engine.
        tally: the requests that this process answered.
    """
    try:
        known = await report()
    except DomainError:
        return [_gauge("engine_up", "Whether the engine answers.", 0), *_of_processes((presence(tally),))]
    return [
        _gauge("engine_up", "Whether the engine answers.", 1),
        _family("build_info", Kind.GAUGE, "The software and the city.", [_build(known)]),
        *_of_engine(known),
        *(_of_store(known.store) if known.store is not None else ()),
        *_of_sources(known.sources),
        *(_of_copies(known.copies) if known.copies is not None else ()),
        *(_of_housekeeping(known.housekeeping) if known.housekeeping is not None else ()),
        *_of_duties(known),
        *_of_processes(known.processes),
    ]


def _build(report: Report) -> Sample:
    return Sample(1, {"version": __version__, "city": report.city})


def _family(name: str, kind: Kind, help_: str, samples: Iterable[Sample]) -> Family:
    return Family(f"talwerk_{name}", kind, help_, list(samples))


def _gauge(name: str, help_: str, value: float) -> Family:
    return _family(name, Kind.GAUGE, help_, [Sample(value)])


def _counter(name: str, help_: str, value: float) -> Family:
    return _family(f"{name}_total", Kind.COUNTER, help_, [Sample(value)])


def _moment(name: str, help_: str, moment: Instant | int | None) -> Family:
    """A time as seconds since 1970; nothing when it never was."""
    samples = [] if moment is None else [Sample(moment / SECOND)]
    return _family(f"{name}_timestamp_seconds", Kind.GAUGE, help_, samples)


def _of_engine(report: Report) -> Iterator[Family]:
    writer, work = report.writer, report.work
    yield _gauge("writable", "Whether a batch would be written now.", not writer.trouble)
    yield _gauge("engine_lag_seconds", "Age of the oldest batch that is not on disk.", writer.lag_ms / 1_000)
    yield _gauge("engine_waiting_batches", "Batches that are not on disk yet.", writer.waiting)
    yield _gauge("engine_waiting_batches_max", "Batches that may wait.", writer.waiting_max)
    yield _counter("engine_batches", "Batches that are on disk.", work.batches)
    yield _counter("engine_values", "Values in them.", work.values)
    yield _counter("engine_refused_batches", "Batches refused because too many waited.", work.refused)
    yield _counter("engine_failed_batches", "Batches that could not be written.", work.failed)
    commits = histogram(work.commits, {})
    yield _family("engine_commit_seconds", Kind.HISTOGRAM, "How long commits took, fsync included.", commits)
    yield _gauge("change_log_position", "Newest position of the change log.", writer.position)


def _of_store(store: Condition) -> Iterator[Family]:
    yield _gauge("database_bytes", "Size of the database.", store.database_bytes)
    yield _gauge("wal_bytes", "Size of the write-ahead log that is in use.", store.wal_bytes)
    yield _gauge("disk_free_bytes", "What the disk has left.", store.disk_free_bytes)
    yield _gauge("change_log_oldest_position", "Oldest position that the change log keeps.", store.oldest)
    yield _moment("change_log_oldest", "Time of the oldest entry of the change log.", store.oldest_at)


def _of_sources(sources: tuple[SourceState, ...]) -> Iterator[Family]:
    health = [
        Sample(source.health is health, {"source": source.key, "health": health.value})
        for source in sources
        for health in Health
    ]
    yield _family("source_health", Kind.GAUGE, "1 for the state that a source is in.", health)
    newest = [Sample(s.newest / SECOND, {"source": s.key}) for s in sources if s.newest is not None]
    yield _family("source_newest_value_timestamp_seconds", Kind.GAUGE, "When its newest value was observed.", newest)
    values = [Sample(source.values, {"source": source.key}) for source in sources]
    yield _family("source_values_total", Kind.COUNTER, "Values that it brought.", values)
    faults = [Sample(source.faults, {"source": source.key}) for source in sources]
    yield _family("source_faults_total", Kind.COUNTER, "Answers that could not be used.", faults)
    late = [Sample(source.late, {"source": source.key}) for source in sources]
    yield _family("source_late_total", Kind.COUNTER, "Answers that were not written before the next was due.", late)


def _of_copies(copies: CopiesState) -> Iterator[Family]:
    yield _moment("backup_last_success", "When the last proven backup was made.", copies.backup)
    yield _gauge("backup_failing", "Whether the last attempt to back up failed.", bool(copies.backup_error))
    if copies.backup is not None:
        yield _gauge("backup_bytes", "Size of the last backup.", copies.backup_bytes)
    if copies.copy_on:
        yield _moment("copy_complete", "Moment up to which the second place has everything.", copies.copied)
        yield _gauge("copy_position", "Position up to which the second place has everything.", copies.copied_position)
        yield _gauge("copy_failing", "Whether copying fails at present.", bool(copies.copy_error))


def _of_housekeeping(state: HousekeepingState) -> Iterator[Family]:
    yield _moment("housekeeping_last_pass", "When what need not be kept was last removed.", state.last)
    yield _counter("housekeeping_removed_values", "Raw values that were removed.", state.removed)
    yield _counter("housekeeping_removed_log_entries", "Rows of the change log that were removed.", state.entries)
    yield _gauge("housekeeping_failing", "Whether the last pass failed.", bool(state.trouble))
    yield _gauge("database_pages", "Pages of the database.", state.pages)
    yield _gauge("database_damaged_pages", "Pages that do not agree with their checksums.", len(state.damaged))
    yield _moment("database_pages_read", "When all pages had been read the last time.", state.round_ended)


def _of_duties(report: Report) -> Iterator[Family]:
    running = [Sample(duty.running, {"duty": duty.name}) for duty in report.duties]
    yield _family("duty_running", Kind.GAUGE, "Whether a duty of the engine goes on.", running)
    failures = [Sample(duty.failures, {"duty": duty.name}) for duty in report.duties]
    yield _family("duty_failures_total", Kind.COUNTER, "How often it failed.", failures)


def _of_processes(processes: Iterable[Presence]) -> Iterator[Family]:
    known = {there.name: there for there in processes if there.part}
    took = [
        sample
        for name, there in known.items()
        for count in there.counts
        for sample in histogram(
            count.took,
            {"process": name, "protocol": count.protocol, "method": count.method, "status": count.status},
        )
    ]
    yield _family("http_request_duration_seconds", Kind.HISTOGRAM, "How long answers took.", took)
    answering = [
        Sample(number, {"process": name, "protocol": protocol})
        for name, there in known.items()
        for protocol, number in there.answering.items()
        if protocol != LIVE
    ]
    yield _family("http_requests_in_progress", Kind.GAUGE, "Requests being answered.", answering)
    listeners = [
        Sample(there.answering[LIVE], {"process": name}) for name, there in known.items() if LIVE in there.answering
    ]
    yield _family("live_listeners", Kind.GAUGE, "Listeners of the change feed.", listeners)
    seen = {name: there.vitals for name, there in known.items() if there.vitals is not None}
    for name, kind, help_, figure in _VITALS:
        samples = [Sample(figure(vitals), {"process": process}) for process, vitals in seen.items()]
        yield _family(f"process_{name}", kind, help_, samples)
