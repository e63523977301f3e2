"""Which backups are kept: the newest of so many days, weeks and months, and whatever we did not make."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from talwerk.core.instants import Instant, datetime_of, instant_or_none

from .backup import MANIFEST, Manifest

_NAME = re.compile(r"\d{8}T\d{6}Z")
Keep = tuple[int, int, int]


class Kept(msgspec.Struct, frozen=True):
    """A backup of the daily folder: where it lies, when it was made, and what it holds."""

    folder: Path
    created: Instant
    manifest: Manifest


def backups_of(data: Path, backup_folder: Path | None, city: str) -> Path:
    """Where a city's daily backups lie: in ``backup_folder``, or in ``backups`` of the data directory."""
    return (backup_folder or data / "backups") / city


def name_of(created: Instant) -> str:
    """The folder name of a backup made at an instant."""
    return f"{datetime_of(created):%Y%m%dT%H%M%SZ}"


def backups_in(place: Path, city: str) -> tuple[Kept, ...]:
    """The city's backups that bear such a name, oldest first; others are nobody's business here."""
    found = []
    for folder in place.iterdir() if place.is_dir() else ():
        if not _NAME.fullmatch(folder.name):
            continue
        try:
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError):
            continue
        created = instant_or_none(manifest.created)
        if manifest.city == city and created is not None:
            found.append(Kept(folder, created, manifest))
    return tuple(sorted(found, key=lambda kept: kept.created))


def surplus(created: Iterable[Instant], keep: Keep, zone: ZoneInfo) -> set[Instant]:
    """Which of some backups are not needed any more.

    Of each of the newest ``keep[0]`` days that have a backup the newest one stays, of ``keep[1]`` weeks and
    ``keep[2]`` months likewise; days are the city's, weeks begin on Monday. The newest of all always stays.

    Args:
        created: when they were made.
        keep: numbers of days, weeks and months.
        zone: of the city.
    """
    newest_first = sorted(created, reverse=True)
    stay = set(newest_first[:1])
    periods: tuple[Callable[[date], object], ...] = (
        lambda day: day,
        lambda day: day.isocalendar()[:2],
        lambda day: (day.year, day.month),
    )
    for number, period in zip(keep, periods, strict=True):
        newest: dict[object, Instant] = {}
        for instant in newest_first:
            newest.setdefault(period(datetime_of(instant).astimezone(zone).date()), instant)
        stay.update(list(newest.values())[:number])
    return set(newest_first) - stay


def tidy(place: Path, made: Manifest, keep: Keep, zone: ZoneInfo) -> None:
    """Remove surplus backups after one was made and proven.

    Args:
        place: the city's folder of backups.
        made: the one that was just made; it stays whatever the clock said of it.
        keep: numbers of days, weeks and months.
        zone: of the city.

    Raises:
        OSError: one could not be removed.
    """
    kept = backups_in(place, made.city)
    if made not in [backup.manifest for backup in kept]:
        return
    unneeded = surplus([backup.created for backup in kept], keep, zone)
    for backup in kept:
        if backup.created in unneeded and backup.manifest != made:
            # The manifest goes first: what is left of a half removed folder is no backup.
            (backup.folder / MANIFEST).unlink()
            shutil.rmtree(backup.folder)
