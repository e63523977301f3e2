"""How safe the data are: the last proven backup, how far the continuous copy has come, and the last drill."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec

from talwerk.core.instants import Instant

from .durable import write_json

STATE = "copies.json"
DRILL = "drill.json"


class DrillState(msgspec.Struct, frozen=True, kw_only=True):
    """The last restore drill.

    Attributes:
        at: when it was.
        passed: whether everything could be restored and agreed.
        findings: what was wrong, one sentence each.
        lasted_s: how long the restoring took.
        age_s: how old the newest restorable state was: what a loss of the disk would have cost.
        position: the change log's position in it.
    """

    at: Instant
    passed: bool
    findings: tuple[str, ...] = ()
    lasted_s: float = 0.0
    age_s: float | None = None
    position: int = 0


class CopiesState(msgspec.Struct, frozen=True, kw_only=True):
    """Backups and the continuous copy at one moment.

    Attributes:
        backup: when the last proven backup was made, None without one.
        backup_position: the change log's position in it.
        backup_bytes: its size.
        backup_due: when the next one is made, None when switched off.
        backup_error: why the last attempt failed, empty when it did not.
        copy_on: whether there is a second place.
        copied: the moment up to which every change is in the second place, None before the first.
        copied_position: the change log's position up to which it is complete.
        copy_error: why copying fails at present, empty when it does not.
        drill: the last restore drill, None before the first.
    """

    backup: Instant | None = None
    backup_position: int = 0
    backup_bytes: int = 0
    backup_due: Instant | None = None
    backup_error: str = ""
    copy_on: bool = False
    copied: Instant | None = None
    copied_position: int = 0
    copy_error: str = ""
    drill: DrillState | None = None


class Copies:
    """What the engine's duties know of the copies; also on disk, for commands and after a restart.

    Args:
        directory: the city's data directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._state = read_state(directory)

    def note(self, **changes: Any) -> None:
        """Change some of the state's members; from any thread."""
        with self._lock:
            state = msgspec.structs.replace(self._state, **changes)
            if state == self._state:
                return
            self._state = state
            try:
                # Worth little after a power failure, so it does not make the disk wait.
                write_json(self._directory / STATE, state, durable=False)
            except OSError:
                # A full disk is reported by the store; the state in memory is right.
                return

    def state(self) -> CopiesState:
        """How it is now."""
        return msgspec.structs.replace(self._state, drill=_read(self._directory / DRILL, DrillState))


def read_state(directory: Path) -> CopiesState:
    """What was last known of a city's copies, also of one that does not run."""
    state = _read(directory / STATE, CopiesState) or CopiesState()
    return msgspec.structs.replace(state, drill=_read(directory / DRILL, DrillState))


def _read(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None
