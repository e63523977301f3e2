"""``talwerk restore``: put a backup in the place of the city's data."""

from __future__ import annotations

from pathlib import Path

import click

from talwerk import cities
from talwerk.core.instants import SystemClock
from talwerk.processes.copies import backup
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move data that are there aside instead of refusing.")
@with_settings("city", "data")
def restore(settings: Settings, folder: Path, replace: bool) -> None:
    """Put the backup in FOLDER in the place of the city's data, after checking it. The city must not run."""
    key = cities.load(settings.city).city.key
    manifest = backup.restore(folder, settings.data / key, SystemClock(), city=key, replace=replace)
    click.echo(f"{settings.data / key}: {manifest.city} as of {manifest.created}, position {manifest.proof.position}")
