"""Disks that are small, full or read-only: real ones where a test may mount them, limits of the system elsewhere."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUNTS = os.geteuid() == 0 and shutil.which("mount") is not None
"""Whether a disk of one's own can be made; everybody else sees what a process may write limited by the system."""


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own, of so many megabytes."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def remount(folder: Path, how: str) -> None:
    """Make a disk read-only (``ro``) or writable (``rw``)."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def fill(folder: Path, leave_bytes: int) -> Path:
    """Take all room of a disk but so many bytes; removing the file gives it back."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        # Others may write meanwhile: the disk says itself when it is full.
        while (place := os.statvfs(folder)).f_bavail * place.f_frsize > leave_bytes:
            file.write(bytes(min(place.f_bavail * place.f_frsize - leave_bytes, 1 << 20)))
    return filler


@contextmanager
def no_growth(pid: int, beyond_bytes: int) -> Iterator[None]:
    """Let no file of a process grow beyond so many bytes: for it, the disk is full."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (beyond_bytes, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
