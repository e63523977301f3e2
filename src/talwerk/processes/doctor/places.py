"""Checks of directories and disks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from talwerk.core.instants import SECOND, Instant
from talwerk.processes.copies.keep import backups_in
from talwerk.processes.copies.line import lines_in
from talwerk.processes.directory import DATABASE
from talwerk.processes.growth import ENOUGH_DAYS, Forecast

from .amounts import size, span
from .finding import Finding, error, note, ok, warning

SOON_DAYS, VERY_SOON_DAYS = 60, 14
TMP_LEAST_BYTES = 100_000_000
_UNFINISHED = ("arriving", "*.unfinished", "*.draft")


def check_directory(directory: Path) -> Iterator[Finding]:
    """Whether the data directory is there, belongs to us, and is closed to others."""
    if not directory.is_dir():
        yield note("directory", f"{directory} does not exist yet.", "talwerk up makes it.")
        return
    status = directory.stat()
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        what = f"{directory} belongs to user {status.st_uid}, this command runs as {os.geteuid()}."
        yield error("directory", what, "Run it as the service's user, or give the directory to it (chown).")
    elif not os.access(directory, os.W_OK | os.X_OK):
        yield error("directory", f"{directory} cannot be written.", "chmod u+rwx, or mount the disk for writing.")
    elif status.st_mode & stat.S_IRWXO:
        what = f"{directory} has mode {status.st_mode & 0o777:04o}: others on this machine can look inside."
        yield warning("directory", what, f"chmod o= {directory}")
    else:
        yield ok("directory", f"{directory} is writable and closed to others.")
    owners = {path.stat().st_uid for path in directory.glob(f"{DATABASE}*")} - {status.st_uid}
    if owners:
        what = f"Files of the database belong to other users ({', '.join(map(str, sorted(owners)))}) than {directory}."
        yield error("directory", what, f"chown -R --reference={directory} {directory}")


def check_emptiness(directory: Path, second: Path | None, backups: Path, city: str) -> Iterator[Finding]:
    """Whether copies wait for a city whose data are gone: started as it is, it would begin as an empty one.

    Args:
        directory: the city's data directory.
        second: its folder in the second place, None without one.
        backups: its folder of backups.
        city: its key.
    """
    if (directory / DATABASE).exists():
        return
    kept = backups_in(backups, city)
    source = second.parent if second is not None and lines_in(second) else kept[-1].folder if kept else None
    if source is not None:
        what = f"{directory} holds no data, but {source} holds a copy of them."
        yield error("data", what, f"Do not start the city yet: talwerk restore {source}")


def check_secret(path: Path, about: str) -> Finding:
    """Whether a file with secrets is readable by its owner alone."""
    if not path.exists():
        return note(about, f"{path} does not exist yet.", "The first start makes it.")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return error(about, f"{path} has mode {mode:04o}: others can read it.", f"chmod 600 {path}")
    return ok(about, f"{path} is readable by its owner alone.")


def check_room(free_bytes: int, reserve_bytes: int, found: Forecast | None) -> Iterator[Finding]:
    """Whether the disk has room now, and for how long."""
    left = f"The disk has {size(free_bytes)} left"
    more = "Make room, use a larger disk, or set raw_days; writes are refused below disk_reserve_mb."
    if free_bytes < reserve_bytes:
        yield error("disk", f"{left}; {size(reserve_bytes)} are kept free, so nothing is written.", more)
        return
    if free_bytes < 3 * reserve_bytes:
        yield warning("disk", f"{left}.", more)
    else:
        yield ok("disk", f"{left}.")
    if found is None:
        yield note("disk forecast", f"It is too early to say: {ENOUGH_DAYS} days of sizes are needed.")
    elif found.days is None:
        yield ok("disk forecast", f"The disk did not fill up in the last {found.from_days} days.")
    else:
        what = f"It will be full in {found.days:.0f} days, at {size(found.bytes_a_day)} a day."
        if found.days < VERY_SOON_DAYS:
            yield error("disk forecast", what, more)
        elif found.days < SOON_DAYS:
            yield warning("disk forecast", what, more)
        else:
            yield ok("disk forecast", what)


def check_temporary(path: Path) -> Finding:
    """Whether there is room for temporary files: large sorts and exports need it."""
    try:
        place = os.statvfs(path)
    except OSError as problem:
        return error("temporary files", f"{path} cannot be used: {problem.strerror}.", "Set TMPDIR to a folder.")
    free = place.f_bavail * place.f_frsize
    if free < TMP_LEAST_BYTES or not os.access(path, os.W_OK):
        return warning("temporary files", f"{path} has {size(free)} for us.", "Make room, or set TMPDIR to a folder.")
    return ok("temporary files", f"{path} has {size(free)} left.")


def check_leftovers(directory: Path, now: Instant) -> Iterator[Finding]:
    """What restores, upgrades and interrupted work left behind; nothing of it is read any more."""
    for pattern in ("replaced-*", f"{DATABASE}.*.bak"):
        for path in sorted(directory.glob(pattern)):
            what = f"{path.name} ({size(_bytes(path))}) is left from {_age(path, now)} ago."
            advice = f"When the city has proved itself since: rm -r {path}"
            yield note("leftovers", what, advice)
    for path in sorted(directory.glob(f"{DATABASE}*-damaged*")):
        what = f"{path.name} is what was left of a damaged database {_age(path, now)} ago; the log tells what was lost."
        yield warning("leftovers", what, "Compare with the last backup and the second place, then remove it.")
    for pattern in _UNFINISHED:
        for path in sorted(directory.glob(pattern)):
            what = f"{path.name} ({size(_bytes(path))}) was not finished {_age(path, now)} ago."
            yield note("leftovers", what, f"When nothing is at work on it: rm -r {path}")


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _age(path: Path, now: Instant) -> str:
    return span(max(now / SECOND - path.stat().st_mtime, 0))
