"""Checks of the machine and of what is installed on it."""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import apsw

from talwerk.core.instants import SECOND, Instant

from .amounts import size, span
from .finding import Finding, error, note, ok, warning

FILES_LEAST = 4_096
MEMORY_LEAST_BYTES = 512_000_000
CLOCK_MOST_S = 10.0
PACKAGE = "talwerk"
_TIME_ERROR = 5
_SQLITE_LEAST = (3, 51, 3)
"""Before it, two checkpoints at once could damage a database (sqlite.org/wal.html, WAL-reset bug)."""


def check_files_limit(soft: int) -> Finding:
    """Whether a process may open enough files and connections.

    Args:
        soft: the soft limit, ``resource.RLIM_INFINITY`` for none.
    """
    if soft != resource.RLIM_INFINITY and soft < FILES_LEAST:
        what = f"A process may open {soft} files and connections."
        return warning("open files", what, f"Set LimitNOFILE={FILES_LEAST * 4} in the service (ulimit -n).")
    return ok("open files", "A process may open enough files and connections.")


def check_memory(meminfo: str) -> Finding:
    """Whether there is memory left.

    Args:
        meminfo: the text of ``/proc/meminfo``.
    """
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1_024
            if available < MEMORY_LEAST_BYTES:
                return warning("memory", f"{size(available)} are left.", "Add memory or end other programs.")
            return ok("memory", f"{size(available)} are left.")
    return note("memory", "This system does not tell how much is left.")


def check_sqlite() -> Finding:
    """Whether SQLite is one without known ways to damage a database."""
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")[:3]) < _SQLITE_LEAST:
        least = ".".join(map(str, _SQLITE_LEAST))
        return error("sqlite", f"SQLite is {version}, older than {least}.", "Install the package apsw anew.")
    return ok("sqlite", f"SQLite is {version}, brought along by apsw {apsw.apsw_version()}.")


def check_clock(now: Instant, newest: Instant | None, kept: bool | None) -> Finding:
    """Whether the machine's clock can be right.

    Args:
        now: what it says.
        newest: when the newest entry of the change log was written, by the same clock then.
        kept: whether the system says that somebody keeps it right, None when it does not say.
    """
    advice = "See that the machine's time is right and kept so (timedatectl, chrony)."
    if newest is not None and newest > now + CLOCK_MOST_S * SECOND:
        what = f"The last change was recorded {span((newest - now) / SECOND)} in the future: the clock was put back."
        return error("clock", what, advice)
    if kept is False:
        return note("clock", "The system says that nobody keeps its clock right.", advice)
    return ok("clock", "Nothing speaks against the machine's clock.")


def clock_kept() -> bool | None:
    """Whether the kernel takes its clock for synchronised (adjtimex(2)); None where it does not say."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Larger than the system's structure on every platform; nothing is changed while the first field is zero.
    state = libc.adjtimex(ctypes.create_string_buffer(512))
    return None if state < 0 else state != _TIME_ERROR


def check_packages() -> Iterator[Finding]:
    """Whether what is installed is what this version asks for; advisories are checked elsewhere (``pip-audit``)."""
    try:
        wanted = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        yield note("packages", "Talwerk is not installed as a package; versions cannot be compared.")
        return
    wrong = [problem for text in wanted if (problem := _unmet(text))]
    for problem in wrong:
        yield error("packages", problem, "Install this version anew with its requirements.")
    if not wrong:
        told = "Every package is as new as this version asks for; advisories need pip-audit, which needs the network."
        yield ok("packages", told)


def _unmet(requirement: str) -> str:
    """What is wrong with a requirement of the form ``name>=version``, empty when nothing is."""
    if ";" in requirement:
        # Extras and other platforms.
        return ""
    name, _, least = requirement.partition(">=")
    try:
        version = metadata.version(name.strip())
    except metadata.PackageNotFoundError:
        return f"{name.strip()} is not installed."
    if _numbers(version) < _numbers(least.partition(",")[0]):
        return f"{name.strip()} is {version}, older than {least.strip()}."
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    parts = []
    for part in version.strip().split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def read_meminfo() -> str:
    """The text of ``/proc/meminfo``, empty where there is none."""
    try:
        return Path("/proc/meminfo").read_text()
    except OSError:
        return ""
