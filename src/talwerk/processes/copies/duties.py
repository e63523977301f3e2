"""The duties that make copies, as an operator's settings want them."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from talwerk.core.instants import Clock
from talwerk.processes.directory import DATABASE
from talwerk.processes.duties import Duty
from talwerk.settings import Settings
from talwerk.store.sqlite.wal import Wal

from .continuous import ContinuousCopy, Copier
from .daily import DailyBackup, Plan
from .keep import backups_of
from .line import Heartbeat
from .state import Copies


def plan_of(settings: Settings, city: str, zone: str) -> Plan:
    """When and where a city's daily backups are made.

    Args:
        settings: as the operator wants it.
        city: key of the city.
        zone: its IANA time zone.
    """
    return Plan(
        city=city,
        directory=settings.data / city,
        place=backups_of(settings.data, settings.backup_folder, city),
        at=time.fromisoformat(settings.backup_at) if settings.backup_at else None,
        keep=settings.backup_keep,
        zone=ZoneInfo(zone),
    )


def copy_duties(settings: Settings, plan: Plan, wal: Wal, clock: Clock) -> tuple[Copies, tuple[Duty, ...]]:
    """What makes copies in the engine's process, and where it says how it goes.

    Args:
        settings: as the operator wants it.
        plan: the daily backups.
        wal: the log of the city's writer.
        clock: stamps the copies.
    """
    copies = Copies(plan.directory)
    duties: list[Duty] = [DailyBackup(plan, wal, clock, copies)]
    if settings.copy_folder is None:
        copies.note(copy_on=False, copied=None, copied_position=0, copy_error="")
        return copies, tuple(duties)
    copier = _copier(settings.copy_folder, plan, wal, clock, copies)
    return copies, (*duties, ContinuousCopy(copier, copies, settings.copy_every_s))


def _copier(folder: Path, plan: Plan, wal: Wal, clock: Clock, copies: Copies) -> Copier:
    def tell(heartbeat: Heartbeat) -> None:
        copies.note(copied=heartbeat.at, copied_position=heartbeat.position)

    return Copier(wal, plan.directory / DATABASE, folder, plan.city, clock, tell)
