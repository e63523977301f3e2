"""Backup and restore of a city's directory; nothing is relied on before it was opened and checked."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk import __version__
from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Clock, datetime_of, format_instant
from talwerk.processes.directory import DATABASE, META, Meta, writing_right
from talwerk.store.sqlite.acknowledged import SUFFIX, Line, read_line
from talwerk.store.sqlite.backup import Proof, base_of, copy_database, identity_of, prove_database, redo
from talwerk.store.sqlite.wal import Wal

from .durable import UNFINISHED, digest_of, need_room, size_with_log, sync, to_disk, write_json, write_whole
from .rebuild import furthest, is_copy, place_bytes, rebuild
from .segments import label_of, pieces_of, write_segment

MANIFEST = "manifest.json"
_ATTEMPTS = 5
logger = logging.getLogger(__name__)


class _LostError(DomainError):
    """The log could not be followed to the end of a copy."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        city: key of the city.
        created: when it was made, RFC 3339.
        sha256: of its database file.
        bytes: size of its database file.
        proof: what the copied database said of itself.
        software: the version of Talwerk that made it.
        format: of the backup as a whole.
    """

    city: str
    created: str
    sha256: str
    bytes: int
    proof: Proof
    software: str = ""
    format: int = 1


def back_up(
    directory: Path, target: Path, clock: Clock, *, wal: Wal | None = None, log_bytes_max: int | None = None
) -> Manifest:
    """Copy a city's data into a new folder, while it runs or not, and prove the copy.

    Args:
        directory: the city's data directory.
        target: the folder to make; it must not exist.
        clock: stamps the backup.
        wal: the log of the city's writer, in its own process: then nothing is held, however long it takes.
        log_bytes_max: how large the log may become while another process copies.

    Raises:
        DomainError: NotFound without a city; AlreadyExists; InsufficientStorage when there is no room for it;
            Busy when the city writes faster than it can be copied; InternalError when the data are damaged.
        OSError: the folder cannot be written.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise DomainError(Fault.NOT_FOUND, f"The directory {directory} holds no city.")
    if target.exists():
        raise DomainError(Fault.ALREADY_EXISTS, f"{target} exists already; a backup never overwrites another one.")
    need_room(target, size_with_log(database), "The backup")
    unfinished = target.with_name(target.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o750)
    try:
        if wal is None:
            copy_database(database, unfinished / DATABASE, log_bytes_max)
        else:
            _copy_following(wal, database, unfinished)
        manifest = _finish(directory, unfinished, clock)
        unfinished.rename(target)
    except BaseException:
        # Half a backup helps nobody, and on a full disk it is in the way of everything else.
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync(target.parent)
    return manifest


def _finish(directory: Path, unfinished: Path, clock: Clock) -> Manifest:
    proof = prove_database(unfinished / DATABASE)
    shutil.copyfile(directory / META, unfinished / META)
    manifest = Manifest(
        city=msgspec.json.decode((unfinished / META).read_bytes(), type=Meta).city,
        created=format_instant(clock.now()),
        sha256=digest_of(unfinished / DATABASE),
        bytes=(unfinished / DATABASE).stat().st_size,
        proof=proof,
        software=__version__,
    )
    write_json(unfinished / MANIFEST, manifest)
    to_disk(unfinished)
    return manifest


def _copy_following(wal: Wal, database: Path, folder: Path) -> None:
    """Copy the file as it is being written, and the log from before the first byte to after the last."""
    log = folder / "log"
    attempt = 1
    while (paths := _followed(wal, database, folder / DATABASE, log, last=attempt == _ATTEMPTS)) is None:
        # The city was faster: that is no reason to wait for another day, and none to alarm anybody.
        logger.info("the backup begins anew: the city was faster, attempt %d of %d", attempt, _ATTEMPTS)
        attempt += 1
    redo(folder / DATABASE, pieces_of(paths))
    shutil.rmtree(log)


def _followed(wal: Wal, database: Path, file: Path, log: Path, *, last: bool) -> list[Path] | None:
    """One attempt: the segments of the log in their order; None when the city was faster, unless it is the last one.

    Raises:
        DomainError: Busy when the log cannot be followed.
    """
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir(mode=0o750)
    follower = wal.follow()
    paths: list[Path] = []

    def take_all() -> None:
        follower.wanted.clear()
        while (piece := follower.take()) is not None:
            label = label_of(piece, len(paths) + 1, 1, wal.frame_bytes)
            write_segment(log, label, piece)
            paths.append(log / label.name)
            if piece.newest:
                break
        if follower.lost:
            raise _LostError(Fault.BUSY, f"The backup could not keep up with the city: {follower.lost}.")

    def parts() -> Iterator[bytes]:
        for chunk in base_of(database):
            yield chunk
            if follower.wanted.is_set():
                take_all()

    try:
        write_whole(file, parts())
        take_all()
    except _LostError:
        if last or not follower.overtaken:
            raise
        return None
    finally:
        wal.leave(follower)
    return paths


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put in place.

    Attributes:
        city: key of the city.
        as_of: the moment up to which every change is in it, RFC 3339.
        proof: what the database says of itself.
        source: ``backup`` or ``continuous copy``.
        notes: what was found damaged or missing on the way, one sentence each.
    """

    city: str
    as_of: str
    proof: Proof
    source: str
    notes: tuple[str, ...] = ()


def restore(
    source: Path, directory: Path, clock: Clock, *, city: str, replace: bool = False, second: Path | None = None
) -> Restored:
    """Put a backup, or the newest moment of the continuous copy, in the place of a city's data.

    Args:
        source: the backup's folder, or the second place.
        directory: the city's data directory.
        clock: names the folder in which replaced data are kept.
        city: key of the city that it must be.
        replace: move data that are there aside; otherwise they are refused.
        second: the second place that the city will go on to be copied to.

    Raises:
        DomainError: InvalidRequest for something that is neither or another city's; InternalError when it is
            damaged; AlreadyExists when there are data; Busy while a city runs on them; InsufficientStorage.
    """
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
        try:
            restored = unpack(source, arriving, city=city)
            places = [source, source / city, *([second / city] if second is not None else [])]
            _go_on_behind(arriving, directory, places, restored.proof.position)
            _put_in_place(arriving, directory, present, clock)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
    return restored


def _go_on_behind(arriving: Path, directory: Path, places: list[Path], position: int) -> None:
    """The operator has chosen to go back: positions go on behind the last one, so that none means two changes."""
    database = identity_of(arriving / DATABASE)
    mark = read_line(directory / DATABASE)
    last = max(furthest(places, database), mark.position if mark is not None and mark.database == database else 0)
    if last > position:
        line = Line(database, last, forgiven=True)
        (arriving / (DATABASE + SUFFIX)).write_bytes(line.encoded())


def _aside(directory: Path, clock: Clock) -> Path:
    """A new folder for data that are replaced; of two restores within a second each gets its own."""
    stem = f"replaced-{datetime_of(clock.now()):%Y%m%dT%H%M%S}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    aside = next(path for name in names if not (path := directory / name).exists())
    aside.mkdir(mode=0o750)
    return aside


def _put_in_place(arriving: Path, directory: Path, present: list[Path], clock: Clock) -> None:
    to_disk(arriving)
    if present:
        aside = _aside(directory, clock)
        for path in present:
            path.rename(aside / path.name)
    for name in (DATABASE + SUFFIX, META, DATABASE):
        if (arriving / name).exists():
            (arriving / name).rename(directory / name)
    sync(directory)


def unpack(source: Path, folder: Path, *, city: str) -> Restored:
    """Make a city's proven database and its description in a folder.

    Args:
        source: a backup's folder, or the second place.
        folder: where to.
        city: key of the city that it must be.

    Raises:
        DomainError: as :func:`restore`.
    """
    place = source if is_copy(source) else source / city
    if not (source / MANIFEST).exists() and is_copy(place):
        need_room(folder, place_bytes(place), "Restoring")
        rebuilt = rebuild(place, folder / DATABASE)
        _same_city(source, rebuilt.city, city)
        write_json(folder / META, Meta(city=rebuilt.city))
        as_of = format_instant(rebuilt.as_of)
        return Restored(city=city, as_of=as_of, proof=rebuilt.proof, source="continuous copy", notes=rebuilt.notes)
    manifest = _read_manifest(source)
    _same_city(source, manifest.city, city)
    need_room(folder, manifest.bytes, "Restoring")
    _check(source, manifest)
    for name in (DATABASE, META):
        shutil.copyfile(source / name, folder / name)
    return Restored(city=city, as_of=manifest.created, proof=manifest.proof, source="backup")


def _same_city(source: Path, found: str, city: str) -> None:
    if found != city:
        raise invalid(f"The copy in {source} is of {found!r}, not of {city!r}.")


def _read_manifest(source: Path) -> Manifest:
    try:
        return msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise invalid(f"The folder {source} is no backup and no continuous copy: {error}.") from error


def _check(source: Path, manifest: Manifest) -> None:
    """See that a backup's database agrees with its manifest."""
    database = source / DATABASE
    if not database.is_file() or digest_of(database) != manifest.sha256:
        raise DomainError(Fault.INTERNAL, f"The backup {source} is damaged: its database is not the one saved.")
    if prove_database(database) != manifest.proof:
        raise DomainError(Fault.INTERNAL, f"The backup {source} is damaged: its database does not say what it should.")
