"""Looks at a city, running or not, and gathers what every check says."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock, Instant
from talwerk.privacy.devices import FILE as DEVICES
from talwerk.privacy.enrolment import FILE as ENROLMENT
from talwerk.privacy.principals import TOKEN_FILE
from talwerk.processes.copies.keep import backups_of
from talwerk.processes.copies.state import CopiesState, read_state
from talwerk.processes.directory import DATABASE, LOCK, directory_of
from talwerk.processes.door import RemoteWriter
from talwerk.processes.growth import Forecast, forecast, read_sizes
from talwerk.processes.report import Report
from talwerk.settings import Settings
from talwerk.store import Condition
from talwerk.store.sqlite.limits import Limits

from . import machine
from .access import check_readable, check_writable
from .database import Looked, look_into
from .declared import check_declared
from .edges import check_edges
from .finding import Finding, error, note
from .places import check_directory, check_emptiness, check_leftovers, check_room, check_secret, check_temporary
from .running import check_all_pages, check_copies, check_report

PATIENCE_S = 0.5
SIMULATED = (
    "The city shows simulated values of its twin, which nobody measured; what is written goes to the twin's data.",
    'Set feeds = "live" and start the city again: then it shows what its sources measure, or nothing.',
)


class State(StrEnum):
    """Whether a city runs."""

    RUNNING = "running"
    UNRESPONSIVE = "unresponsive"
    """A process holds its data and does not answer: it starts, ends or hangs."""
    STOPPED = "stopped"


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A city as it was found.

    Attributes:
        city: its key.
        directory: where its data lies.
        twin: whether its values are the twin's, not measured ones.
        at: the time.
        state: whether it runs.
        report: what it says of itself, None unless it runs.
        store: database and disk, None when they cannot be read.
        copies: backups and the continuous copy.
        forecast: when the disk will be full, None when it is too early to say.
        findings: what every check says.
    """

    city: str
    directory: str
    twin: bool
    at: Instant
    state: State
    report: Report | None = None
    store: Condition | None = None
    copies: CopiesState
    forecast: Forecast | None = None
    findings: tuple[Finding, ...] = ()


async def examine(settings: Settings, clock: Clock, *, thorough: bool = False, pages: bool = False) -> Examined:
    """Look at a city.

    Args:
        settings: which city, and where its data lies.
        clock: the source of time.
        thorough: also at the machine, the settings and the data directory, not only at what the city does.
        pages: also at every page of the database, which takes about a second for each gigabyte.

    Raises:
        DomainError: ResourceNotFound for an unknown city; BadRequestData for a broken profile.
    """
    profile = cities.load(settings.city)
    twin = settings.feeds == "twin"
    directory = directory_of(settings.data, profile.city.key, twin=twin)
    report = await ask(directory, clock)
    reserve_bytes = settings.disk_reserve_mb * 1_000_000
    limits = Limits(disk_reserve_bytes=reserve_bytes)
    looked = look_into(directory / DATABASE, clock, limits) if thorough or report is None else Looked(())
    store = (report.store if report is not None else None) or looked.condition
    coming = forecast(read_sizes(directory), reserve_bytes)
    copies = (report.copies if report is not None else None) or read_state(directory)
    state = _state(directory, report)
    free_bytes = store.disk_free_bytes if store is not None else _free(directory)
    # A full disk comes first: most of what else is wrong then follows from it.
    found = list(check_room(free_bytes, reserve_bytes, coming)) if free_bytes is not None else []
    found += [*_running(state, report, directory, twin=twin), *looked.findings]
    found.extend([note("values", *SIMULATED)] if twin else [])
    if free_bytes is not None:
        since = report.since if report is not None else None
        # What a twin made it makes again: nobody copies it.
        found.extend(() if twin else check_copies(copies, clock.now(), wanted=bool(settings.backup_at), since=since))
    if pages and (directory / DATABASE).exists():
        found.append(check_all_pages(directory / DATABASE))
    if thorough:
        found.extend(check_edges(settings, clock.now()))
        found.extend(check_declared(profile, public=settings.exposed and not twin))
        found.extend(_places(settings, directory, clock.now()))
        found.append(machine.check_clock(clock.now(), looked.newest_at, machine.clock_kept()))
        found.extend(_machine())
    return Examined(
        city=profile.city.key,
        directory=str(directory),
        twin=twin,
        at=clock.now(),
        state=state,
        report=report,
        store=store,
        copies=copies,
        forecast=coming,
        findings=tuple(found),
    )


async def ask(directory: Path, clock: Clock) -> Report | None:
    """What a running city says of itself; None when nobody answers."""
    async with RemoteWriter(directory, PATIENCE_S, clock) as engine:
        try:
            return await engine.report()
        except DomainError:
            return None


def _free(directory: Path) -> int | None:
    """What the disk has left when the database cannot tell; None without a directory."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def _state(directory: Path, report: Report | None) -> State:
    if report is not None:
        return State.RUNNING
    return State.UNRESPONSIVE if _held(directory / LOCK) else State.STOPPED


def _held(lock: Path) -> bool:
    """Whether a process holds the right to write; looking must not take it from one that starts at this moment."""
    try:
        inode = f":{lock.stat().st_ino} "
        return any("FLOCK" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())
    except OSError:
        return False


def _running(state: State, report: Report | None, directory: Path, *, twin: bool) -> Iterator[Finding]:
    if report is not None:
        yield from check_report(report, directory, twin=twin)
    elif state is State.UNRESPONSIVE:
        what = "A process holds the city's data and does not answer: it starts, ends or hangs."
        yield error("city", what, "Wait a minute; then look into the log and restart the service.")
    else:
        yield note("city", "The city does not run.", "talwerk up starts it.")


def _places(settings: Settings, directory: Path, now: Instant) -> Iterator[Finding]:
    yield from check_directory(directory)
    if settings.feeds != "twin":
        second = settings.copy_folder / directory.name if settings.copy_folder is not None else None
        backups = backups_of(settings.data, settings.backup_folder, directory.name)
        yield from check_emptiness(directory, second, backups, directory.name)
    yield check_secret(settings.data / TOKEN_FILE, "operator's token")
    # A simulated city has keys of its own.
    devices = (directory if settings.feeds == "twin" else settings.data) / DEVICES
    yield from check_readable(devices, "device keys")
    yield from check_readable(settings.data / ENROLMENT, "operator")
    if settings.feeds != "twin":
        folder = backups_of(settings.data, settings.backup_folder, directory.name)
        yield from check_writable(folder, "backup", "backup_folder")
        if settings.copy_folder is not None:
            yield from check_writable(settings.copy_folder, "copy", "copy_folder")
    if devices.exists():
        yield check_secret(devices, "device keys")
    if directory.is_dir():
        yield from check_leftovers(directory, now)
    yield check_temporary(Path(os.environ.get("TMPDIR") or tempfile.gettempdir()))


def _machine() -> Iterator[Finding]:
    yield machine.check_files_limit(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield machine.check_memory(machine.read_meminfo())
    yield machine.check_sqlite()
    yield from machine.check_packages()
