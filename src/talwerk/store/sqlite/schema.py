"""The schema's versions: numbered steps forward, each in one transaction, after a backup of what is there."""

from __future__ import annotations

import os
import secrets
from importlib.resources import files
from pathlib import Path

import apsw
import msgspec

from talwerk.core.errors import DomainError, Fault

from .connection import copy_pages
from .faults import translated

_SPARE_BYTES = 64_000_000
"""What the step itself needs on top of the backup."""


class Step(msgspec.Struct, frozen=True):
    """One step of the schema: its number, its name and its statements."""

    number: int
    name: str
    sql: str


def steps() -> tuple[Step, ...]:
    """All steps in order, from the package's ``migrations`` folder."""
    found = []
    for file in files(__package__).joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Step(int(number), name, file.read_text("utf-8")))
    return tuple(sorted(found, key=lambda step: step.number))


def version_of(connection: apsw.Connection) -> int:
    """The number of the newest step that the file has; 0 for an empty one."""
    return int(connection.pragma("user_version"))


def refuse_newer(connection: apsw.Connection, path: Path, known: tuple[Step, ...]) -> None:
    """Make sure that the file is not of a newer Talwerk.

    Raises:
        DomainError: InternalError with both versions.
    """
    version, newest = version_of(connection), known[-1].number
    if version > newest:
        detail = (
            f"The database {path.name} has version {version}, this Talwerk knows version {newest}. "
            "Start the newer Talwerk that wrote it, or restore a backup."
        )
        raise DomainError(Fault.INTERNAL, detail)


def migrate(connection: apsw.Connection, path: Path, known: tuple[Step, ...]) -> None:
    """Bring the file to the newest version.

    Raises:
        DomainError: InternalError for a file of a newer version; InsufficientStorage when there is no room.
    """
    refuse_newer(connection, path, known)
    version = version_of(connection)
    pending = [step for step in known if step.number > version]
    if pending and version:
        _back_up(connection, path, path.with_name(f"{path.name}.v{version}.bak"))
    for step in pending:
        with translated(), connection:
            connection.execute(step.sql)
            if not version:
                _identify(connection)
            version = step.number
            connection.pragma("user_version", version)


def _identify(connection: apsw.Connection) -> None:
    rows = (("database", secrets.token_hex(16)), ("secret", secrets.token_hex(32)))
    connection.executemany("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", rows)


def _back_up(source: apsw.Connection, database: Path, path: Path) -> None:
    """Copy the database beside itself, whole or not at all."""
    needed = int(source.pragma("page_count")) * int(source.pragma("page_size")) + _SPARE_BYTES
    place = os.statvfs(path.parent)
    free = place.f_bavail * place.f_frsize
    if free < needed:
        detail = (
            f"Before the database {database.name} is brought to a newer version, a backup of it is made beside it: "
            f"this needs {needed // 10**6} MB, the disk has {free // 10**6} MB left. Nothing was changed."
        )
        raise DomainError(Fault.STORAGE_FULL, detail)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    copy_pages(source, part)
    part.replace(path)
