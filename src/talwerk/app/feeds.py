"""Where measurements come from: the real sources, or the twin's, and how a city finds out that it needs the twin."""

from __future__ import annotations

from pathlib import Path

from talwerk.processes.directory import TWIN_SUFFIX

ADDRESS = "twin.address"


def twin_address(data: Path, city: str) -> str | None:
    """Where the twin of a running city answers, None when there is none."""
    try:
        return (data / f"{city}{TWIN_SUFFIX}" / ADDRESS).read_text(encoding="ascii").strip() or None
    except OSError:
        return None
