"""Copies of a city's database: made while it is written, and proven before anybody relies on them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import msgspec

from talwerk.core.errors import DomainError, Fault

from .connection import copy_pages, open_reader
from .faults import translated
from .limits import Limits
from .schema import refuse_newer, steps, version_of

_FINDINGS_SHOWN = 3


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole database says of itself.

    Attributes:
        version: of its schema.
        position: newest position of its change log.
        entities: how many it holds.
        observations: how many values of history it holds.
    """

    version: int
    position: int
    entities: int
    observations: int


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant, while others go on writing it.

    Args:
        source: the database file.
        target: the file to make; it must not exist.

    Raises:
        DomainError: InternalError when the source is damaged; InsufficientStorage when there is no room.
    """
    with closing(open_reader(source, Limits())) as reader:
        copy_pages(reader, target)


def prove_database(path: Path) -> Proof:
    """Read every page of a database and check what it says of itself.

    Raises:
        DomainError: InternalError when anything is wrong with it, or it is of a newer version.
    """
    with translated():
        reader = open_reader(path, Limits())
        try:
            refuse_newer(reader, path, steps())
            findings = [row[0] for row in reader.execute(f"PRAGMA integrity_check({_FINDINGS_SHOWN})")]
            if findings != ["ok"]:
                raise DomainError(Fault.INTERNAL, f"The database {path.name} is damaged: {'; '.join(findings)}.")
            return Proof(
                version=version_of(reader),
                position=_number(reader, "SELECT coalesce(max(pos), 0) FROM change"),
                entities=_number(reader, "SELECT count(*) FROM entity"),
                observations=_number(reader, "SELECT count(*) FROM obs"),
            )
        finally:
            reader.close()


def _number(connection: apsw.Connection, query: str) -> int:
    return int(connection.execute(query).get)
