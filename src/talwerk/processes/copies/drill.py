"""The restore drill: what a loss of the disk would cost, found out before it happens."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND, Clock, Instant, parse_instant
from talwerk.core.query import OFFSET_MAX, Page, Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Series, SeriesKey
from talwerk.processes.directory import DATABASE
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.backup import Proof

from .backup import unpack
from .durable import write_json
from .keep import backups_in
from .state import DRILL, DrillState

_SERIES_MAX = 20
_LIMITS = Limits(budget_s=60.0)


class Restoring(msgspec.Struct, frozen=True, kw_only=True):
    """One copy that was restored, or not.

    Attributes:
        source: ``backup`` or ``continuous copy``.
        folder: where it lies.
        as_of: the moment up to which it holds every change, RFC 3339.
        age_s: how long ago that is: what a loss of the disk would have cost.
        lasted_s: how long it took to restore and prove it.
        bytes: size of the restored database.
        proof: what that says of itself.
        compared: series whose newest value was looked up in the running city.
        differing: how many of those have another value there by now, or none.
        notes: what was found damaged or missing on the way.
        error: why it could not be restored, empty when it could.
    """

    source: str
    folder: str
    as_of: str = ""
    age_s: float | None = None
    lasted_s: float = 0.0
    bytes: int = 0
    proof: Proof | None = None
    compared: int = 0
    differing: int = 0
    notes: tuple[str, ...] = ()
    error: str = ""


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """All copies of a city, restored one after the other.

    Attributes:
        city: key of the city.
        at: when it was.
        restorings: each copy.
        findings: what is wrong, one sentence each; nothing when the drill is passed.
    """

    city: str
    at: Instant
    restorings: tuple[Restoring, ...]
    findings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every copy can be relied on."""
        return not self.findings

    def state(self) -> DrillState:
        """What is remembered of it."""
        good = [found for found in self.restorings if found.proof is not None]
        return DrillState(
            at=self.at,
            passed=self.passed,
            findings=self.findings,
            lasted_s=round(sum(found.lasted_s for found in self.restorings), 3),
            age_s=min((found.age_s for found in good if found.age_s is not None), default=None),
            position=max((found.proof.position for found in good if found.proof), default=0),
        )


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where a city's copies lie.

    Attributes:
        city: key of the city.
        directory: its data directory.
        backups: its folder of daily backups.
        second: the second place of the continuous copy, None without one.
        scope: sees the series that are compared.
    """

    city: str
    directory: Path
    backups: Path
    second: Path | None
    scope: Scope


def drill(sources: Sources, clock: Clock, temporary: Path | None = None) -> Drill:
    """Restore the newest backup and the continuous copy into a temporary folder, prove them, and remember how it went.

    Args:
        sources: where they lie.
        clock: says how old they are and how long it takes.
        temporary: where to restore to, the machine's temporary folder when None.
    """
    at = clock.now()
    backups = backups_in(sources.backups, sources.city)
    found = [("backup", backups[-1].folder)] if backups else []
    if sources.second is not None:
        found.append(("continuous copy", sources.second))
    restorings = tuple(_restoring(source, folder, sources, clock, temporary) for source, folder in found)
    findings = [] if backups else [f"There is no backup in {sources.backups}."]
    for restoring in restorings:
        what = f"The {restoring.source} in {restoring.folder}"
        if restoring.error:
            findings.append(f"{what} cannot be restored: {restoring.error}")
        findings += [f"{what}: {note}." for note in restoring.notes]
        if restoring.compared and restoring.compared == restoring.differing:
            findings.append(f"{what} agrees with the city in none of {restoring.compared} series.")
    result = Drill(city=sources.city, at=at, restorings=restorings, findings=tuple(findings))
    if sources.directory.is_dir():
        # A disk that is full does not spoil the drill.
        with contextlib.suppress(OSError):
            write_json(sources.directory / DRILL, result.state())
    return result


def _restoring(source: str, folder: Path, sources: Sources, clock: Clock, temporary: Path | None) -> Restoring:
    began_s = clock.monotonic_s()
    with tempfile.TemporaryDirectory(prefix="talwerk-drill-", dir=temporary) as name:
        try:
            restored = unpack(folder, Path(name), city=sources.city)
            lasted_s = clock.monotonic_s() - began_s
            compared, differing = _compared(Path(name) / DATABASE, sources, clock)
        except (DomainError, OSError) as error:
            lasted_s = clock.monotonic_s() - began_s
            return Restoring(source=source, folder=str(folder), lasted_s=round(lasted_s, 3), error=str(error))
        size = (Path(name) / DATABASE).stat().st_size
    return Restoring(
        source=source,
        folder=str(folder),
        as_of=restored.as_of,
        age_s=round((clock.now() - parse_instant(restored.as_of)) / SECOND, 1),
        lasted_s=round(lasted_s, 3),
        bytes=size,
        proof=restored.proof,
        compared=compared,
        differing=differing,
        notes=restored.notes,
    )


def _compared(database: Path, sources: Sources, clock: Clock) -> tuple[int, int]:
    """Look up the newest values of some series of the restored city in the present one; that reads and no more."""
    with contextlib.ExitStack() as stack:
        # As a city that starts on it: what an earlier Talwerk wrote is brought to the present version.
        restored = stack.enter_context(contextlib.closing(SqliteStore.open(database, clock, limits=_LIMITS)))
        series = _some_series(restored, sources.scope)
        if not (sources.directory / DATABASE).is_file():
            return 0, 0
        there = SqliteStore.open(sources.directory / DATABASE, clock, readonly=True, limits=_LIMITS)
        present = stack.enter_context(contextlib.closing(there))
        compared = differing = 0
        for one in series[:: max(len(series) // _SERIES_MAX, 1)][:_SERIES_MAX]:
            key = SeriesKey(entity=one.entity, attribute=one.attribute, dataset=one.dataset)
            newest = restored.points(key, Window(), sources.scope, last=1)
            if len(newest.at):
                compared += 1
                differing += not _has(present, key, sources.scope, (newest.at[0], newest.values[0]))
        return compared, differing


def _some_series(store: SqliteStore, scope: Scope) -> list[Series]:
    """Series of some entities, spread over those that can be turned to."""
    total = store.read(Query(page=Page(limit=0, count=True)), scope).total or 0
    step = max(min(total, OFFSET_MAX) // _SERIES_MAX, 1)
    pages = (Query(page=Page(limit=1, offset=number * step)) for number in range(min(total, _SERIES_MAX)))
    return [series for query in pages for series in store.series_of(query, scope).series]


def _has(store: SqliteStore, key: SeriesKey, scope: Scope, point: tuple[int, object]) -> bool:
    at, value = point
    points = store.points(key, Window(start=Instant(at), end=Instant(at + 1)), scope)
    return list(points.values[:1]) == [value]
