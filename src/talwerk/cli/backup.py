"""``talwerk backup``: a proven copy of the city's data, made while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from talwerk import cities
from talwerk.app.feeds import settled
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.backup import back_up
from talwerk.processes.copies.keep import backups_of, name_of
from talwerk.processes.directory import directory_of
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@with_settings("city", "data")
def backup(settings: Settings, folder: Path | None) -> None:
    """Copy the city's data into the new FOLDER, while it runs or not, and check the copy page by page.

    Without FOLDER the backup goes to the daily ones, and is kept by the same rule. It is always that of the real city.
    """
    city, clock = cities.load(settings.city).city.key, SystemClock()
    target = folder or backups_of(settings.data, settings.backup_folder, city) / name_of(clock.now())
    # Before the engine has to wait for us: a quarter of the log is left to it.
    log_bytes_max = settings.wal_mb_max * 750_000
    directory = directory_of(settings.data, city)
    manifest = back_up(directory, target, clock, log_bytes_max=log_bytes_max)
    proof = manifest.proof
    click.echo(f"{target}: {manifest.city} as of {manifest.created}, position {proof.position}, from {directory}")
    if settled(settings).feeds == "twin":
        shown = directory_of(settings.data, city, twin=True)
        click.echo(f"The simulated city that is shown ({shown}) is not in it: a twin makes its values anew.", err=True)
    click.echo(f"{proof.entities:,} entities, {proof.observations:,} values, {manifest.bytes:,} bytes, checked")
