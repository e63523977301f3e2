"""Checks of whether the one who asks may read and write what the city needs; run them as the service's user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .finding import Finding, error


def check_readable(path: Path, about: str) -> Iterator[Finding]:
    """Whether a file, if it is there, may be read and written."""
    if os.path.lexists(path) and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        what = f"{path} may not be read and written by user {os.geteuid()}."
        yield error(about, what, f"chown --reference={path.parent} {path}; chmod 600 {path}")


def check_writable(folder: Path, about: str, setting: str) -> Iterator[Finding]:
    """Whether a folder may be written, or made where it is not there yet.

    Args:
        folder: of backups or of the second place.
        about: the finding's subject.
        setting: which names the folder.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        yield error(about, f"{folder} cannot be a folder: {there} is none.", f"Set {setting} to a folder.")
    elif not os.access(there, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        what = f"{there} may not be written by user {os.geteuid()}, so nothing arrives in {folder}."
        yield error(about, what, f"Give it to the service's user (chown), or set {setting} to another folder.")
