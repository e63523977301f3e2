"""The proof of a new whole copy, made before an older one is forgotten: it is restored beside the line and read."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path

from talwerk.core.errors import DomainError, Fault
from talwerk.store.sqlite.backup import Proof

from .line import BaseLabel, Line
from .rebuild import finish, gather

NICENESS = 10
_PREFIX = "proof-"


def prove(line: Line, number: int, base: BaseLabel) -> Proof:
    """Restore a base with its log in the second place, and read every page.

    Args:
        line: whose it is.
        number: of the base.
        base: what is going to be written about it.

    Raises:
        DomainError: InternalError when it cannot be restored: the text says whether the city's database is damaged
            or the second place is.
        OSError: the second place cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=line.folder.parent, ignore_cleanup_errors=True) as name:
        target = Path(name) / "city.db"
        try:
            usable = gather(line, number, base, target)
        except DomainError as error:
            detail = f"The second place does not give back what was written: {error} Older whole copies are kept."
            raise DomainError(error.fault, detail) from error
        try:
            return finish(line, usable, target).proof
        except DomainError as error:
            if error.fault is not Fault.INTERNAL:
                raise
            detail = (
                f"The city's database is damaged: {error} No new whole copy of it is kept; the older ones are, and "
                f"the log goes on behind them. Restore them the same day (talwerk restore)."
            )
            raise DomainError(Fault.INTERNAL, detail) from error


def begin_to_prove(line: Line, number: int, base: BaseLabel, done: threading.Event) -> Future[Proof]:
    """As :func:`prove`, in a thread of low priority: reading every page takes long, and the log goes on meanwhile.

    Args:
        line: whose it is.
        number: of the base.
        base: what is going to be written about it.
        done: set at the end.
    """
    future: Future[Proof] = Future()

    def work() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            future.set_result(prove(line, number, base))
        except Exception as failure:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(failure)
        done.set()

    # A daemon: a thread that hangs in a dead share must not keep the process from ending.
    threading.Thread(target=work, name="proof of the continuous copy", daemon=True).start()
    return future


def remove_leftovers(place: Path) -> None:
    """Remove what a proof left that was cut short."""
    for folder in place.glob(f"{_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
