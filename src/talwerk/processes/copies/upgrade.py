"""Upgrading a city's data to this version, with a way back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from talwerk import __version__
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock
from talwerk.processes.directory import DATABASE, writing_right
from talwerk.store.sqlite import SqliteStore
from talwerk.store.sqlite.backup import Proof, prove_database
from talwerk.store.sqlite.schema import steps

from .backup import back_up
from .durable import need_room, size_with_log
from .keep import backups_in, name_of

PREFIX = "before-upgrade-"


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What an upgrade would do.

    Attributes:
        directory: the city's data directory.
        before: what the database says of itself now, its version included.
        to: the version that it would have.
        steps: the names of the steps on the way, nothing when there is nothing to do.
        software: the version of Talwerk that made the newest backup, empty when that is not known.
    """

    directory: Path
    before: Proof
    to: int
    steps: tuple[str, ...]
    software: str


class Upgraded(msgspec.Struct, frozen=True, kw_only=True):
    """What an upgrade did.

    Attributes:
        backup: where the data of before lie.
        after: what the database says of itself now.
    """

    backup: Path
    after: Proof


def look_ahead(directory: Path, place: Path, city: str, *, may_run: bool = False) -> Outlook:
    """See what an upgrade would do, and whether it can; nothing is changed.

    Args:
        directory: the city's data directory.
        place: its folder of backups.
        city: key of the city.
        may_run: whether the city may go on meanwhile, because the look is all that is wanted.

    Raises:
        DomainError: NotFound without a city; Busy while one runs that may not; InternalError when the data are damaged
            or of a newer version; InsufficientStorage when there is no room for the backups.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise DomainError(Fault.NOT_FOUND, f"The directory {directory} holds no city.")
    with writing_right(directory) as writing:
        if not writing and not may_run:
            raise DomainError(Fault.BUSY, f"A Talwerk runs on {directory}; stop it before its data are upgraded.")
        before = prove_database(database)
    size = size_with_log(database)
    need_room(place, size, "The backup")
    # The schema's own copy beside the database, and what its steps may write anew.
    need_room(directory, 2 * size, "The upgrade")
    pending = tuple(step for step in steps() if step.number > before.version)
    kept = backups_in(place, city)
    return Outlook(
        directory=directory,
        before=before,
        to=steps()[-1].number,
        steps=tuple(step.name for step in pending),
        software=kept[-1].manifest.software if kept else "",
    )


def upgrade(outlook: Outlook, place: Path, clock: Clock) -> Upgraded:
    """Back up, bring the database to this version, and compare what it says of itself before and after.

    Args:
        outlook: see :func:`look_ahead`.
        place: the city's folder of backups.
        clock: stamps the backup.

    Raises:
        DomainError: as :func:`look_ahead`; InternalError when the data differ afterwards. The backup stays.
    """
    directory = outlook.directory
    target = place / f"{PREFIX}{name_of(clock.now())}"
    back_up(directory, target, clock)
    try:
        after = _migrated(directory, outlook.before, clock)
    except DomainError as error:
        detail = f"The upgrade failed: {error} The data of before are in {target}."
        raise DomainError(error.fault, detail) from error
    return Upgraded(backup=target, after=after)


def _migrated(directory: Path, before: Proof, clock: Clock) -> Proof:
    with writing_right(directory) as writing:
        if not writing:
            raise DomainError(Fault.BUSY, f"A Talwerk was started on {directory} meanwhile.")
        # Opening it for writing brings it to the newest version.
        SqliteStore.open(directory / DATABASE, clock).close()
        after = prove_database(directory / DATABASE)
    if msgspec.structs.replace(after, version=before.version) != before:
        raise DomainError(Fault.INTERNAL, f"The data differ: {before} before, {after} after.")
    return after


def way_back(backup: Path, flags: str, software: str) -> str:
    """The commands that undo an upgrade, one a line.

    Args:
        backup: the data of before.
        flags: what the commands need to find the city, beginning with a blank, or empty.
        software: the version of Talwerk of before, empty when that is not known.
    """
    package = f"talwerk=={software}" if software and software != __version__ else "the Talwerk of before"
    return f"1. install {package}\n2. talwerk restore {backup} --replace{flags}"
