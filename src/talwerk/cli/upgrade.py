"""``talwerk upgrade``: bring the city's data to this version, with a way back."""

from __future__ import annotations

import click

from talwerk import __version__, cities
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.keep import backups_of
from talwerk.processes.copies.upgrade import look_ahead, way_back
from talwerk.processes.copies.upgrade import upgrade as carry_out
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.option("--check", is_flag=True, help="Say what would happen, and do nothing.")
@with_settings("city", "data")
def upgrade(settings: Settings, check: bool) -> None:
    """Back up the city's data, bring them to this version, compare, and print the way back.

    The city must not run; with --check it may.
    """
    city = cities.load(settings.city).city.key
    place = backups_of(settings.data, settings.backup_folder, city)
    outlook = look_ahead(settings.data / city, place, city, may_run=check)
    before = outlook.before
    click.echo(f"{outlook.directory}: version {before.version} of the data, Talwerk {__version__} has {outlook.to}")
    click.echo(f"position {before.position}, {before.entities:,} entities, {before.observations:,} values, checked")
    if not outlook.steps:
        click.echo("Nothing has to be upgraded.")
        return
    click.echo(f"Steps: {', '.join(outlook.steps)}")
    if check:
        click.echo(f"There is room for the backup, which would go to {place}. Nothing was changed.")
        return
    done = carry_out(outlook, place, SystemClock())
    click.echo(f"Backup of before: {done.backup}")
    click.echo(f"Upgraded to version {done.after.version}; position and numbers are as before.")
    flags = "".join(
        [
            f" --city {settings.city}" if settings.city != Settings().city else "",
            f" --data {settings.data}" if settings.data != Settings().data else "",
        ]
    )
    click.echo(f"The way back:\n{way_back(done.backup, flags, outlook.software)}")
