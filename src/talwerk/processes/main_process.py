"""Which process a city is asked through: the one that was started, which supervises the others or is alone.

Its number lies in the data directory together with the time at which it started, because numbers are used again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

FILE = "talwerk.pid"
_STARTED = 19
"""The field of /proc/PID/stat, counted behind the name (proc_pid_stat(5) counts it as the 22nd)."""


@contextlib.contextmanager
def known_as_main(directory: Path) -> Iterator[None]:
    """Let others find this process while the context lasts."""
    path = directory / FILE
    mine = _mark(os.getpid())
    # On a disk that takes nothing the city still starts and answers; only `talwerk reload` does not find it then.
    with contextlib.suppress(OSError):
        path.write_text(f"{mine}\n", encoding="ascii")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_text(encoding="ascii").strip() == mine:
                path.unlink()


def main_process(directory: Path) -> int | None:
    """The number of the city's main process, None when no city runs on the directory."""
    try:
        mark = (directory / FILE).read_text(encoding="ascii").strip()
        pid = int(mark.partition(" ")[0])
        return pid if _mark(pid) == mark else None
    except (OSError, ValueError):
        return None


def _mark(pid: int) -> str:
    # The name, in parentheses, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return f"{pid} {fields[_STARTED]}"
