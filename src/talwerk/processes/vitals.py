"""What Linux knows of a process: its age, memory, time on the processor and open files (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from talwerk.core.instants import SECOND, Instant

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MARK = "tw "
"""Parts of a city carry this before their name, see the supervisor."""


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """A process at one moment.

    Attributes:
        pid: its number.
        started: when it was started.
        rss_bytes: memory that it holds, shared pages included.
        cpu_s: seconds on the processor since its start.
        files: files and connections that it has open.
        files_max: how many it may open.
    """

    pid: int
    started: Instant
    rss_bytes: int
    cpu_s: float
    files: int
    files_max: int


def process_name() -> tuple[str, bool]:
    """The name of this process, and whether it is a part of a supervised city."""
    try:
        name = (_PROC / "self" / "comm").read_text().rstrip("\n")
    except OSError:
        return "talwerk", False
    return name.removeprefix(_MARK), name.startswith(_MARK)


def vitals(pid: int | None = None) -> Vitals | None:
    """A process (None: this one); None when it does not exist or belongs to somebody else."""
    folder = _PROC / str(pid or os.getpid())
    try:
        # The name stands in parentheses and may hold anything; after it come only numbers, the third field first.
        fields = (folder / "stat").read_text().rpartition(") ")[2].split()
        limits = (folder / "limits").read_text()
        files = sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None
    return Vitals(
        pid=pid or os.getpid(),
        started=Instant(_booted() + int(fields[19]) * SECOND // _TICKS_PER_S),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        files=files,
        files_max=_files_max(limits),
    )


def _booted() -> int:
    """When the machine was started, microseconds UTC by its present clock."""
    for line in (_PROC / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) * SECOND
    return 0


def _files_max(limits: str) -> int:
    """The soft limit of open files, 0 for no limit."""
    for line in limits.splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else 0
    return 0
