"""Backup and restore of a city's directory; nothing is relied on before it was opened and checked."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Clock, datetime_of, format_instant
from talwerk.processes.directory import DATABASE, META, Meta, writing_right
from talwerk.store.sqlite.backup import Proof, copy_database, prove_database

MANIFEST = "manifest.json"
_CHUNK_BYTES = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        city: key of the city.
        created: when it was made, RFC 3339.
        sha256: of its database file.
        bytes: size of its database file.
        proof: what the copied database said of itself.
        format: of the backup as a whole.
    """

    city: str
    created: str
    sha256: str
    bytes: int
    proof: Proof
    format: int = 1


def back_up(directory: Path, target: Path, clock: Clock) -> Manifest:
    """Copy a city's data into a new folder, while it runs or not, and prove the copy.

    Args:
        directory: the city's data directory.
        target: the folder to make; it must not exist.
        clock: stamps the backup.

    Raises:
        DomainError: NotFound without a city; AlreadyExists; InternalError when the data are damaged.
    """
    if not (directory / DATABASE).is_file():
        raise DomainError(Fault.NOT_FOUND, f"The directory {directory} holds no city.")
    if target.exists():
        raise DomainError(Fault.ALREADY_EXISTS, f"{target} exists already; a backup never overwrites another one.")
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o750)
    copy_database(directory / DATABASE, unfinished / DATABASE)
    proof = prove_database(unfinished / DATABASE)
    shutil.copyfile(directory / META, unfinished / META)
    manifest = Manifest(
        city=msgspec.json.decode((unfinished / META).read_bytes(), type=Meta).city,
        created=format_instant(clock.now()),
        sha256=_digest(unfinished / DATABASE),
        bytes=(unfinished / DATABASE).stat().st_size,
        proof=proof,
    )
    (unfinished / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    _to_disk(unfinished)
    unfinished.rename(target)
    _sync(target.parent)
    return manifest


def restore(source: Path, directory: Path, clock: Clock, *, city: str, replace: bool = False) -> Manifest:
    """Put a backup in the place of a city's data.

    Args:
        source: the backup's folder.
        directory: the city's data directory.
        clock: names the folder in which replaced data are kept.
        city: key of the city that it must be.
        replace: move data that are there aside; otherwise they are refused.

    Raises:
        DomainError: InvalidRequest for something that is no backup or another city's; InternalError when it is
            damaged; AlreadyExists when there are data; Busy while a city runs on them.
    """
    manifest = _checked(source)
    if manifest.city != city:
        raise invalid(f"The backup {source} is of {manifest.city!r}, not of {city!r}.")
    directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    with writing_right(directory) as writing:
        if not writing:
            raise DomainError(Fault.BUSY, f"A Talwerk runs on {directory}; stop it before its data are replaced.")
        present = sorted(path for path in directory.glob(f"{DATABASE}*") if path.suffix != ".lock")
        if present and not replace:
            raise DomainError(Fault.ALREADY_EXISTS, f"{directory} holds data already; --replace moves them aside.")
        arriving = directory / "arriving"
        shutil.rmtree(arriving, ignore_errors=True)
        arriving.mkdir(mode=0o750)
        for name in (DATABASE, META):
            shutil.copyfile(source / name, arriving / name)
        _to_disk(arriving)
        if present:
            aside = directory / f"replaced-{datetime_of(clock.now()):%Y%m%dT%H%M%S}"
            aside.mkdir(mode=0o750)
            for path in present:
                path.rename(aside / path.name)
        for name in (META, DATABASE):
            (arriving / name).rename(directory / name)
        arriving.rmdir()
        _sync(directory)
    return manifest


def _checked(source: Path) -> Manifest:
    """The manifest of a backup whose database agrees with it."""
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise invalid(f"The folder {source} is no backup: {error}.") from error
    database = source / DATABASE
    if not database.is_file() or _digest(database) != manifest.sha256:
        raise DomainError(Fault.INTERNAL, f"The backup {source} is damaged: its database is not the one saved.")
    if prove_database(database) != manifest.proof:
        raise DomainError(Fault.INTERNAL, f"The backup {source} is damaged: its database does not say what it should.")
    return manifest


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _to_disk(folder: Path) -> None:
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
