"""Checks of the database, read beside a running city or without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock, Instant
from talwerk.store import Condition
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.connection import open_reader
from talwerk.store.sqlite.limits import Limits
from talwerk.store.sqlite.schema import steps, version_of

from .amounts import size
from .finding import Finding, error, note, ok


class Looked(msgspec.Struct, frozen=True):
    """What a look into the database found.

    Attributes:
        findings: what is to be said of it.
        condition: its sizes and the ends of its change log, None when it could not be read.
        newest_at: when the newest entry of the change log was written.
    """

    findings: tuple[Finding, ...]
    condition: Condition | None = None
    newest_at: Instant | None = None


def look_into(path: Path, clock: Clock, limits: Limits) -> Looked:
    """Open the database for reading and ask it what can be asked quickly."""
    if not path.exists():
        return Looked((note("database", f"{path} does not exist yet.", "talwerk up makes it."),))
    try:
        version = _version(path, limits)
        if version > steps()[-1].number:
            return Looked((_newer(version),))
        findings = tuple(_older(version))
        with contextlib.closing(SqliteStore.open(path, clock, readonly=True, limits=limits)) as store:
            condition = store.condition()
            entries = store.log(max(condition.position - 1, 0), 1)
    except DomainError as problem:
        advice = "Restore the last backup (talwerk restore); the present files are kept aside."
        return Looked((error("database", str(problem), advice),))
    if condition.trouble and condition.disk_free_bytes >= limits.disk_reserve_bytes:
        # Too little room is the disk's own finding.
        findings = (*findings, error("database", condition.trouble, "The log and the operator's guide tell more."))
    what = f"The database has {size(condition.database_bytes)}, the change log ends at {condition.position}."
    return Looked((ok("database", what), *findings), condition, Instant(entries[-1].at) if entries else None)


def _version(path: Path, limits: Limits) -> int:
    with contextlib.closing(open_reader(path, limits)) as connection:
        return version_of(connection)


def _newer(version: int) -> Finding:
    what = f"The database has version {version}, this Talwerk knows version {steps()[-1].number}: a newer one wrote it."
    return error("database", what, "Start the newer Talwerk that wrote it; nothing is lost, nothing is to be restored.")


def _older(version: int) -> Iterator[Finding]:
    newest = steps()[-1].number
    if version < newest:
        what = f"The database has version {version}, this Talwerk writes version {newest}."
        yield note("database", what, "The next start backs it up and brings it to the new version.")
